//! What a person sees: keys in, picture out.

mod overlays;
