//! Many texts looked for at once.

/// What is looked for, each under a name.
#[derive(Default)]
pub(super) struct Needles {
    all: Vec<(String, Vec<u8>)>,
    /// By its first two bytes, whether something begins so.
    begins: Vec<bool>,
}

impl Needles {
    pub(super) fn add(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        assert!(bytes.len() >= 8, "{name} is found by chance");
        self.begins.resize(1 << 16, false);
        self.begins[pair(bytes[0], bytes[1])] = true;
        self.all.push((name.to_owned(), bytes));
    }

    pub(super) fn longest(&self) -> usize {
        let lengths = self.all.iter().map(|(_, bytes)| bytes.len());
        lengths.max().unwrap_or(0)
    }

    /// The name of everything that begins in the first `most` bytes of `text`, as often as it does.
    pub(super) fn found_in<'n>(&'n self, text: &[u8], most: usize) -> Vec<&'n str> {
        let mut found = Vec::new();
        let mut before = 0;
        for (next, byte) in text.iter().enumerate() {
            let at = next.saturating_sub(1);
            if at >= most {
                break;
            }
            if self.begins[pair(before, *byte)] {
                let here = self.all.iter().filter(|it| text[at..].starts_with(&it.1));
                found.extend(here.map(|it| it.0.as_str()));
            }
            before = *byte;
        }
        found
    }
}

fn pair(first: u8, second: u8) -> usize {
    usize::from(first) << 8 | usize::from(second)
}

#[test]
fn needles_are_found_wherever_they_begin() {
    let mut needles = Needles::default();
    needles.add("one", "abcdefgh");
    needles.add("two", "abcdefghi");
    needles.add("three", "hiabcdefg");
    let found = |text: &str, most| needles.found_in(text.as_bytes(), most);
    assert_eq!(
        found("abcdefghiabcdefgh", 99),
        ["one", "two", "three", "one"]
    );
    assert_eq!(found("abcdefghiabcdefgh", 7), ["one", "two"]);
    assert_eq!(found("xabcdefg", 99), Vec::<&str>::new());
    assert_eq!(found("xxabcdefgh", 2), Vec::<&str>::new());
    assert_eq!(found("xxabcdefgh", 3), ["one"]);
}
