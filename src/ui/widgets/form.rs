//! A form: fields for text, secrets and choices, one line each, with what is wrong under the field it concerns.
//!
//! A paste goes into the focused field only and never submits. Esc asks before typed text is lost.
//! What a form means is its overlay's business: it names the fields, reads them and sets their errors.

mod draw;

use crate::ui::key::{Key, KeyCode};
use crate::ui::widgets::line_input::LineInput;
use crate::ui::widgets::secret_input::SecretInput;

/// What a field lets a person do.
pub enum Control {
    /// Type a text.
    Text(LineInput),
    /// Type a text that stays hidden.
    Secret(SecretInput),
    /// Pick one of several.
    Choice {
        /// What there is, in order.
        options: Vec<String>,
        /// Which one is picked.
        chosen: usize,
    },
}

/// A line of a form.
pub struct Field<Id> {
    id: Id,
    label: String,
    control: Control,
    hint: String,
    error: Option<String>,
    started_with: String,
    is_required: bool,
    is_shown: bool,
}

impl<Id> Field<Id> {
    /// A field for at most `longest` characters that starts with `text`.
    pub fn text(id: Id, label: &str, text: &str, longest: usize) -> Self {
        Self::new(id, label, Control::Text(LineInput::new(text, longest)))
    }

    /// A field whose text stays hidden.
    pub fn secret(id: Id, label: &str) -> Self {
        Self::new(id, label, Control::Secret(SecretInput::default()))
    }

    /// A field whose text is shown but kept as a secret is.
    pub fn visible_secret(id: Id, label: &str) -> Self {
        Self::new(id, label, Control::Secret(SecretInput::visible()))
    }

    /// A field to pick from `options`.
    pub fn choice(id: Id, label: &str, options: Vec<String>, chosen: usize) -> Self {
        Self::new(id, label, Control::Choice { options, chosen })
    }

    fn new(id: Id, label: &str, control: Control) -> Self {
        let started_with = match &control {
            Control::Text(line) => line.text().to_owned(),
            Control::Secret(_) | Control::Choice { .. } => String::new(),
        };
        Self {
            id,
            label: label.into(),
            control,
            hint: String::new(),
            error: None,
            started_with,
            is_required: false,
            is_shown: true,
        }
    }

    /// The same with a word beside it: a unit, what may be left empty.
    pub fn hint(self, hint: &str) -> Self {
        Self {
            hint: hint.into(),
            ..self
        }
    }

    /// The same, and Enter goes to it as long as it is empty.
    pub fn required(self) -> Self {
        Self {
            is_required: true,
            ..self
        }
    }

    fn is_empty(&self) -> bool {
        match &self.control {
            Control::Text(line) => line.text().trim().is_empty(),
            Control::Secret(secret) => secret.is_empty(),
            Control::Choice { options, .. } => options.is_empty(),
        }
    }

    /// Whether a person typed something into it that would be lost.
    fn is_touched(&self) -> bool {
        match &self.control {
            Control::Text(line) => line.text() != self.started_with,
            Control::Secret(secret) => !secret.is_empty(),
            Control::Choice { .. } => false,
        }
    }
}

/// What a key did to a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormEvent<Id> {
    /// A field has another value.
    Changed(Id),
    /// Another field has the keys; this one had them.
    Left(Id),
    /// The person wants it sent.
    Submit,
    /// The person wants to leave, and nothing typed is lost without consent.
    Close,
    /// The form took the key, and nothing of it is different outside.
    Taken,
    /// The key means nothing to a form.
    NotMine,
}

/// Fields, of which one has the keys.
pub struct Form<Id> {
    fields: Vec<Field<Id>>,
    focused: usize,
    asks_to_discard: bool,
}

impl<Id: Copy + PartialEq> Form<Id> {
    /// A form whose first shown field has the keys. It needs at least one field.
    pub fn new(fields: Vec<Field<Id>>) -> Self {
        assert!(!fields.is_empty(), "a form has a field");
        Self {
            fields,
            focused: 0,
            asks_to_discard: false,
        }
    }

    /// Reacts to a key.
    pub fn key(&mut self, key: Key) -> FormEvent<Id> {
        if std::mem::take(&mut self.asks_to_discard) {
            return match key.typed() {
                Some('y' | 'Y') => FormEvent::Close,
                _ => FormEvent::Taken,
            };
        }
        let leaves = key.code == KeyCode::Escape || key == Key::ctrl('c');
        if leaves && self.is_touched() {
            self.asks_to_discard = true;
            return FormEvent::Taken;
        }
        if leaves {
            return FormEvent::Close;
        }
        match (key.code, key.shift) {
            (KeyCode::Enter, _) => self.enter(),
            (KeyCode::Tab, true) | (KeyCode::Up, _) => self.step(false),
            (KeyCode::Tab, false) | (KeyCode::Down, _) => self.step(true),
            _ => self.edit(key),
        }
    }

    /// Takes a pasted text into the focused field.
    pub fn paste(&mut self, text: &str) -> FormEvent<Id> {
        self.asks_to_discard = false;
        let field = &mut self.fields[self.focused];
        match &mut field.control {
            Control::Text(line) => line.paste(text),
            Control::Secret(secret) => secret.paste(text),
            Control::Choice { .. } => return FormEvent::Taken,
        }
        field.error = None;
        FormEvent::Changed(field.id)
    }

    /// Goes to the next required field that is still empty; submits where there is none.
    fn enter(&mut self) -> FormEvent<Id> {
        let count = self.fields.len();
        let empty = (1..=count)
            .map(|step| (self.focused + step) % count)
            .find(|index| {
                let field = &self.fields[*index];
                field.is_shown && field.is_required && field.is_empty()
            });
        match empty {
            Some(index) if index != self.focused => self.move_to(index),
            Some(_) | None => FormEvent::Submit,
        }
    }

    fn step(&mut self, forward: bool) -> FormEvent<Id> {
        let count = self.fields.len();
        let step = if forward { 1 } else { count - 1 };
        let mut index = (self.focused + step) % count;
        while !self.fields[index].is_shown && index != self.focused {
            index = (index + step) % count;
        }
        self.move_to(index)
    }

    fn move_to(&mut self, index: usize) -> FormEvent<Id> {
        let left = self.fields[self.focused].id;
        self.focused = index;
        FormEvent::Left(left)
    }

    fn edit(&mut self, key: Key) -> FormEvent<Id> {
        let field = &mut self.fields[self.focused];
        let is_taken = match &mut field.control {
            Control::Text(line) => line.key(key),
            Control::Secret(secret) => secret.key(key),
            Control::Choice { options, chosen } => choose(options, chosen, key),
        };
        if !is_taken {
            return FormEvent::NotMine;
        }
        field.error = None;
        FormEvent::Changed(field.id)
    }

    /// Whether a person typed something that would be lost.
    pub fn is_touched(&self) -> bool {
        self.fields.iter().any(Field::is_touched)
    }

    /// Whether it waits for an answer to "discard what you typed?".
    pub fn asks_to_discard(&self) -> bool {
        self.asks_to_discard
    }

    /// The field that has the keys.
    pub fn focused(&self) -> Id {
        self.fields[self.focused].id
    }

    /// Gives a field the keys.
    pub fn focus(&mut self, id: Id) {
        self.focused = self.index(id);
    }

    /// What is typed in a text field.
    pub fn text(&self, id: Id) -> &str {
        match &self.field(id).control {
            Control::Text(line) => line.text().trim(),
            Control::Secret(_) | Control::Choice { .. } => "",
        }
    }

    /// Which option of a choice is picked.
    pub fn chosen(&self, id: Id) -> usize {
        match &self.field(id).control {
            Control::Choice { chosen, .. } => *chosen,
            Control::Text(_) | Control::Secret(_) => 0,
        }
    }

    /// The secret of a hidden field, to judge it.
    pub fn secret(&self, id: Id) -> Option<&SecretInput> {
        match &self.field(id).control {
            Control::Secret(secret) => Some(secret),
            Control::Text(_) | Control::Choice { .. } => None,
        }
    }

    /// The secret of a hidden field, to take it.
    pub fn secret_mut(&mut self, id: Id) -> Option<&mut SecretInput> {
        match &mut self.field_mut(id).control {
            Control::Secret(secret) => Some(secret),
            Control::Text(_) | Control::Choice { .. } => None,
        }
    }

    /// Says what is wrong with a field, or that nothing is.
    pub fn set_error(&mut self, id: Id, error: Option<String>) {
        self.field_mut(id).error = error;
    }

    /// Gives the keys to the first field that has something wrong; returns whether there is one.
    pub fn focus_first_error(&mut self) -> bool {
        let wrong = self
            .fields
            .iter()
            .position(|field| field.is_shown && field.error.is_some());
        self.focused = wrong.unwrap_or(self.focused);
        wrong.is_some()
    }

    /// Changes the word beside a field.
    pub fn set_hint(&mut self, id: Id, hint: &str) {
        self.field_mut(id).hint = hint.into();
    }

    /// Shows or hides a field; a hidden one keeps what was typed.
    pub fn show(&mut self, id: Id, is_shown: bool) {
        self.field_mut(id).is_shown = is_shown;
    }

    fn index(&self, id: Id) -> usize {
        self.fields
            .iter()
            .position(|field| field.id == id)
            .expect("forms are asked for their own fields only")
    }

    fn field(&self, id: Id) -> &Field<Id> {
        &self.fields[self.index(id)]
    }

    fn field_mut(&mut self, id: Id) -> &mut Field<Id> {
        let index = self.index(id);
        &mut self.fields[index]
    }
}

/// Picks the option beside the one picked, or the next that starts with a letter; returns whether the key is a choice's.
fn choose(options: &[String], chosen: &mut usize, key: Key) -> bool {
    let count = options.len().max(1);
    match (key.code, key.typed()) {
        (KeyCode::Right, _) | (_, Some(' ')) => *chosen = (*chosen + 1) % count,
        (KeyCode::Left, _) => *chosen = (*chosen + count - 1) % count,
        (_, Some(letter)) => {
            let starts = |index: &usize| {
                options[*index]
                    .chars()
                    .next()
                    .is_some_and(|first| first.eq_ignore_ascii_case(&letter))
            };
            let after = (1..=options.len())
                .map(|step| (*chosen + step) % count)
                .find(starts);
            *chosen = after.unwrap_or(*chosen);
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests;
