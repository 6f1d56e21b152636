//! OAuth 2.0 for a program without a web site: signing in, and staying signed in.
//!
//! [`profile`] is what a provider's registration says, as data; [`attempt`] is one try to sign in, from the address
//! that the person opens to the code that comes back; [`redirect`] is where it comes back, on this machine or pasted;
//! [`exchange`] speaks with the token endpoint; [`bearer`] keeps tokens fresh, one refresh at a time. It knows flows and
//! no provider, and asks its owner to seal what it was given. A new rule of a flow goes beside the step it concerns.
//! [`oauth1`] is the older flow, in which no token is sent and every call is signed.

pub mod attempt;
pub mod bearer;
mod error;
pub mod exchange;
pub mod oauth1;
pub mod profile;
pub mod redirect;
pub mod sign_in;
pub mod tokens;

pub use attempt::{Attempt, Code};
pub use bearer::{Bearer, Keep, Standing};
pub use error::AuthError;
pub use exchange::{Client, TokenEndpoint};
pub use profile::{ClientAuth, Profile, Redirect};
pub use tokens::{AccessToken, Tokens};
