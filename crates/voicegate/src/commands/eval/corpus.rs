//! Labelled recordings: a tab-separated list.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Row {
    /// As it stands in the list.
    pub(in crate::commands) path: String,
    pub(in crate::commands) dataset: String,
    pub(in crate::commands) speaker: String,
    /// From the optional column `sex`.
    pub(in crate::commands) sex: Option<Sex>,
    /// Whole years, from the optional column `age`.
    pub(in crate::commands) age: Option<u8>,
}

/// Sex of a speaker, as the list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Sex {
    Female,
    Male,
}

/// A list of recordings.
#[derive(Debug)]
pub(in crate::commands) struct Corpus {
    folder: PathBuf,
    pub(in crate::commands) rows: Vec<Row>,
}

/// A speaker of a data set with the rows that are theirs, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Speaker {
    pub(in crate::commands) dataset: String,
    pub(in crate::commands) name: String,
    pub(in crate::commands) rows: Vec<usize>,
}

impl Corpus {
    /// Reads a list; with `datasets`, only their rows.
    pub(in crate::commands) fn read(list: &Path, datasets: &[String]) -> Result<Self, Failure> {
        let text = fs::read_to_string(list).map_err(|error| Failure::file(list, &error))?;
        let folder = list.parent().unwrap_or(Path::new("")).to_owned();
        let mut rows =
            parse(&text).map_err(|fault| Failure::new("corpus", format!("{}: {fault}", list.display())))?;
        if let Some(unknown) = datasets.iter().find(|name| !rows.iter().any(|row| row.dataset == **name)) {
            return Err(Failure::new(
                "corpus",
                format!("{}: there is no data set '{unknown}'", list.display()),
            ));
        }
        rows.retain(|row| datasets.is_empty() || datasets.contains(&row.dataset));
        if rows.is_empty() {
            return Err(Failure::new("corpus", format!("{}: there are no recordings", list.display())));
        }
        Ok(Self { folder, rows })
    }

    /// Recordings that were named otherwise than by a list; their paths stand for themselves.
    pub(super) fn of(rows: Vec<Row>) -> Self {
        Self { folder: PathBuf::new(), rows }
    }

    /// The recordings of these speakers alone.
    pub(super) fn only(mut self, speakers: &[Speaker]) -> Self {
        let wanted = |row: &Row| speakers.iter().any(|s| s.dataset == row.dataset && s.name == row.speaker);
        self.rows.retain(wanted);
        self
    }

    pub(in crate::commands) fn path(&self, row: &Row) -> PathBuf {
        self.folder.join(&row.path)
    }

    /// The speakers to enrol, by data set and name; `count` of them spread evenly, so that every run takes the same.
    pub(in crate::commands) fn choose(&self, count: Option<usize>) -> Vec<Speaker> {
        let mut speakers: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        for (i, row) in self.rows.iter().enumerate() {
            speakers.entry((&row.dataset, &row.speaker)).or_default().push(i);
        }
        let all: Vec<Speaker> = speakers
            .into_iter()
            .map(|((dataset, name), rows)| Speaker { dataset: dataset.into(), name: name.into(), rows })
            .collect();
        match count {
            Some(count) if count < all.len() => {
                (0..count).map(|i| all[i * all.len() / count].clone()).collect()
            }
            _ => all,
        }
    }
}

fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = text.lines().enumerate();
    let heading: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let column = |name: &str| {
        heading
            .iter()
            .position(|column| *column == name)
            .ok_or_else(|| format!("the heading has no column '{name}'"))
    };
    let (path, dataset, speaker) = (column("path")?, column("dataset")?, column("speaker")?);
    let [sex, age] = ["sex", "age"].map(|name| heading.iter().position(|column| *column == name));
    let row = |(i, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field = |column: usize| match fields.get(column) {
            Some(text) if !text.is_empty() => Ok((*text).to_owned()),
            _ => Err(format!("line {}: '{}' is missing", i + 1, heading[column])),
        };
        let known = |column: Option<usize>| fields.get(column?).copied();
        Ok(Row {
            path: field(path)?,
            dataset: field(dataset)?,
            speaker: field(speaker)?,
            sex: known(sex).and_then(read_sex),
            age: known(age).and_then(read_age),
        })
    };
    lines.filter(|(_, line)| !line.trim().is_empty()).map(row).collect()
}

/// What is written otherwise is not known, and only keeps the recording out of the groups by sex.
fn read_sex(text: &str) -> Option<Sex> {
    match text.trim().to_lowercase().as_str() {
        "f" | "female" => Some(Sex::Female),
        "m" | "male" => Some(Sex::Male),
        _ => None,
    }
}

fn read_age(text: &str) -> Option<u8> {
    let years: f32 = text.trim().parse().ok()?;
    (0.0..130.0).contains(&years).then_some(years as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(speakers: usize) -> Corpus {
        let row = |i: usize| Row {
            path: format!("{i}"),
            dataset: "d".into(),
            speaker: format!("{:02}", i / 2),
            sex: None,
            age: None,
        };
        Corpus { folder: PathBuf::new(), rows: (0..2 * speakers).map(row).collect() }
    }

    #[test]
    fn columns_are_found_by_name_and_faults_by_line() {
        let rows = parse("speaker\tpath\tx\tdataset\ns\tp\t\td\n\n").unwrap();
        let row = Row { path: "p".into(), dataset: "d".into(), speaker: "s".into(), sex: None, age: None };
        assert_eq!(rows, [row]);
        assert!(parse("path\tdataset\n").unwrap_err().contains("'speaker'"));
        assert_eq!(parse("path\tdataset\tspeaker\na\tb\n").unwrap_err(), "line 2: 'speaker' is missing");
        assert!(parse("").is_err());
    }

    #[test]
    fn sex_and_age_may_be_unknown() {
        let list = "path\tdataset\tspeaker\tage\tsex\na\td\ts\t17.9\tf\nb\td\ts\tteens\tMale\nc\td\ts\n";
        let found: Vec<_> = parse(list).unwrap().iter().map(|row| (row.age, row.sex)).collect();
        assert_eq!(found, [(Some(17), Some(Sex::Female)), (None, Some(Sex::Male)), (None, None)]);
    }

    #[test]
    fn the_choice_is_the_same_every_time_and_spread() {
        let names = |count| -> Vec<String> { corpus(10).choose(count).into_iter().map(|s| s.name).collect() };
        assert_eq!(names(Some(3)), ["00", "03", "06"]);
        assert_eq!(names(None).len(), 10);
        assert_eq!(names(Some(50)), names(None));
        assert_eq!(corpus(2).choose(None)[1].rows, [2, 3]);
    }
}
