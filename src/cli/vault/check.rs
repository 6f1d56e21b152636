//! A look through everything that belongs to the vault, and what it comes to.

use super::super::Run;
use super::super::args::Opening;
use super::super::exit::{Exit, Failure};
use super::opening;
use super::tell;
use crate::domain::text::clean;
use crate::vault::{CheckReport, Finding, Part};
use serde::Serialize;
use std::fmt::Write as _;

/// Longest sentence shown.
const LONGEST: usize = 400;

/// The word for a backup.
const BACKUP: &str = "backup";

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    /// All is as it was written.
    Sound,
    /// The vault is whole; something beside it is missing, outdated or broken, and is made anew in time.
    Differs,
    /// Something of the vault itself is not as it was written.
    Damaged,
}

#[derive(Debug, Serialize)]
struct Checked {
    verdict: Verdict,
    generation: Option<u64>,
    epoch: Option<u32>,
    cipher: Option<&'static str>,
    slots: Option<usize>,
    records: Option<usize>,
    /// Records that a viewer can compare with the list and not open.
    sealed: Option<usize>,
    /// Backups that are whole.
    backups: Option<usize>,
    findings: Vec<Found>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Found {
    part: &'static str,
    /// The record's name, or the backup's number.
    name: Option<String>,
    verdict: Verdict,
    says: String,
}

/// Looks through everything and prints what it found.
///
/// # Errors
/// [`Exit::Damaged`], also where the vault does not open for it; [`Exit::Differences`]; everything is printed.
pub(super) fn check(mut run: Run<'_>, opening: &Opening) -> Result<Exit, Failure> {
    let checked = match opening::open(&mut run, opening) {
        Ok((vault, _)) => Checked::of(&vault.check()),
        Err(failure) if failure.exit == Exit::Damaged => {
            tell::one(run, Checked::closed(&failure), "")?;
            return Err(failure);
        }
        Err(failure) => return Err(failure),
    };
    let (verdict, text) = (checked.verdict, checked.text());
    let worst = checked.worst();
    let mends = checked.mends();
    let printed = tell::one(run, checked, &text)?;
    match verdict {
        Verdict::Sound => Ok(printed),
        Verdict::Differs => Err(Failure::new(
            Exit::Differences,
            format!("the vault is whole, but {worst}; {mends}"),
        )),
        Verdict::Damaged => Err(Failure::new(
            Exit::Damaged,
            format!(
                "the vault is damaged: {worst}; `tradedeck vault restore` makes it from a backup"
            ),
        )),
    }
}

impl Checked {
    fn of(report: &CheckReport) -> Self {
        let findings: Vec<Found> = report.findings.iter().map(Found::of).collect();
        let verdicts = findings.iter().map(|found| found.verdict);
        Self {
            verdict: verdicts.max().unwrap_or(Verdict::Sound),
            generation: Some(report.generation),
            epoch: Some(report.epoch),
            cipher: Some(tell::cipher(report.suite)),
            slots: Some(report.slots),
            records: Some(report.records),
            sealed: Some(report.sealed),
            backups: Some(report.backups),
            findings,
        }
    }

    /// Of a vault that does not open.
    fn closed(failure: &Failure) -> Self {
        Self {
            verdict: Verdict::Damaged,
            generation: None,
            epoch: None,
            cipher: None,
            slots: None,
            records: None,
            sealed: None,
            backups: None,
            findings: vec![Found {
                part: "vault",
                name: None,
                verdict: Verdict::Damaged,
                says: clean(&failure.sentence, LONGEST),
            }],
        }
    }

    fn worst(&self) -> String {
        let mut findings = self.findings.iter();
        let worst = findings.find(|found| found.verdict == self.verdict);
        worst.map(Found::words).unwrap_or_default()
    }

    /// What puts a difference right.
    fn mends(&self) -> &'static str {
        match self.findings.iter().any(|found| found.part == BACKUP) {
            true => "`tradedeck vault backup` makes one anew",
            false => "the next change of the vault puts it right",
        }
    }

    fn text(&self) -> String {
        let count = |number: Option<usize>| number.unwrap_or(0);
        let mut text = format!(
            "generation {}, epoch {}, {}; records: {} opened, {} compared; slots: {}; whole backups: {}\n",
            self.generation.unwrap_or(0),
            self.epoch.unwrap_or(0),
            self.cipher.unwrap_or("no cipher"),
            count(self.records),
            count(self.sealed),
            count(self.slots),
            count(self.backups),
        );
        for found in &self.findings {
            let word = match found.verdict {
                Verdict::Sound => "sound",
                Verdict::Differs => "differs",
                Verdict::Damaged => "DAMAGED",
            };
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{word}: {}", found.words());
        }
        if self.verdict == Verdict::Sound {
            text.push_str("sound\n");
        }
        text
    }
}

impl Found {
    fn of(finding: &Finding) -> Self {
        let (part, name, is_vault) = match &finding.part {
            Part::Store => ("store", None, true),
            // One of two: the next change writes it anew.
            Part::Header => ("header", None, false),
            Part::Manifest => ("manifest", None, true),
            Part::Record(name) => ("record", Some(clean(&name.to_string(), LONGEST)), true),
            Part::Anchor => ("anchor", None, true),
            Part::Backup(which) => (BACKUP, which.map(|it| it.to_string()), false),
        };
        Self {
            part,
            name,
            verdict: match finding.is_damage && is_vault {
                true => Verdict::Damaged,
                false => Verdict::Differs,
            },
            says: clean(&finding.says, LONGEST),
        }
    }

    fn words(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}: {}", self.part, self.says),
            None => format!("{}: {}", self.part, self.says),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Suite;

    fn verdict(findings: &[(Part, bool)]) -> Verdict {
        let findings = findings.iter().map(|(part, is_damage)| Finding {
            part: part.clone(),
            is_damage: *is_damage,
            says: "so".into(),
        });
        let report = CheckReport {
            generation: 7,
            epoch: 1,
            suite: Suite::default(),
            slots: 2,
            records: 3,
            sealed: 0,
            backups: 2,
            findings: findings.collect(),
        };
        Checked::of(&report).verdict
    }

    #[test]
    fn what_can_be_made_anew_is_a_difference_and_what_cannot_is_damage() {
        for (findings, expected) in [
            (&[][..], Verdict::Sound),
            (&[(Part::Backup(None), false)], Verdict::Differs),
            (&[(Part::Backup(Some(1)), true)], Verdict::Differs),
            (&[(Part::Header, true)], Verdict::Differs),
            (&[(Part::Anchor, false)], Verdict::Differs),
            (&[(Part::Anchor, true)], Verdict::Damaged),
            (&[(Part::Manifest, true)], Verdict::Damaged),
            (
                &[(Part::Backup(Some(0)), true), (Part::Store, true)],
                Verdict::Damaged,
            ),
        ] {
            assert_eq!(verdict(findings), expected, "{findings:?}");
        }
    }
}
