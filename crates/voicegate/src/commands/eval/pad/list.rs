//! Lists of bona fide and attack recordings.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// One recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// As it stands in the list.
    pub(super) name: String,
    /// Where it lies.
    pub(super) path: PathBuf,
    pub(super) attack: bool,
    /// Species of an attack, source of a bona fide recording.
    pub(super) group: String,
    /// Column `system`, or what stands for it.
    pub(super) system: String,
    /// Who speaks, or whom an attack imitates.
    pub(super) speaker: Option<String>,
}

/// Reads lists one after the other. A list without the column `kind` is bona fide throughout; without `system`, its
/// data sets are the sources, or else the list itself is.
pub(super) fn read(lists: &[PathBuf]) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for list in lists {
        let text = fs::read_to_string(list).map_err(|error| Failure::file(list, &error))?;
        let faulty = |fault: String| Failure::new("corpus", format!("{}: {fault}", list.display()));
        let own = parse(&text, list).map_err(faulty)?;
        if own.is_empty() {
            return Err(faulty("there are no recordings".to_owned()));
        }
        rows.extend(own);
    }
    Ok(rows)
}

fn parse(text: &str, list: &Path) -> Result<Vec<Row>, String> {
    let folder = list.parent().unwrap_or(Path::new(""));
    let stem = list.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut lines = text.lines().enumerate();
    let heading: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let place = |name: &str| heading.iter().position(|column| *column == name);
    let columns: BTreeMap<&str, usize> = ["path", "kind", "system", "species", "dataset", "speaker"]
        .into_iter()
        .filter_map(|name| Some((name, place(name)?)))
        .collect();
    if !columns.contains_key("path") {
        return Err("the heading has no column 'path'".to_owned());
    }
    let row = |(i, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let field =
            |name: &str| columns.get(name).and_then(|place| fields.get(*place)).filter(|f| !f.is_empty());
        let missing = |name: &str| format!("line {}: '{name}' is missing", i + 1);
        let attack = match (columns.contains_key("kind"), field("kind")) {
            (false, _) | (true, Some(&"bonafide")) => false,
            (true, Some(&"spoof")) => true,
            (true, Some(other)) => {
                return Err(format!("line {}: kind '{other}' is neither 'bonafide' nor 'spoof'", i + 1));
            }
            (true, None) => return Err(missing("kind")),
        };
        let name = (*field("path").ok_or_else(|| missing("path"))?).to_owned();
        let system = match field("system").or_else(|| field("dataset")) {
            Some(system) => (*system).to_owned(),
            None if columns.contains_key("system") => return Err(missing("system")),
            None => stem.clone(),
        };
        let species = field("species").filter(|_| attack).map(|species| (*species).to_owned());
        // The same name in two data sets is two people.
        let speaker = field("speaker").map(|speaker| match field("dataset") {
            Some(dataset) => format!("{dataset}/{speaker}"),
            None => (*speaker).to_owned(),
        });
        Ok(Row {
            path: folder.join(&name),
            name,
            attack,
            group: species.unwrap_or_else(|| system.clone()),
            system,
            speaker,
        })
    };
    lines.filter(|(_, line)| !line.trim().is_empty()).map(row).collect()
}

/// For each row the number of what is resampled together with it: its speaker where the list names one, else itself.
pub(super) fn units(rows: &[Row]) -> Vec<u32> {
    let mut known: BTreeMap<String, u32> = BTreeMap::new();
    let mut next = 0;
    let mut new = || {
        next += 1;
        next
    };
    rows.iter()
        .map(|row| match &row.speaker {
            Some(speaker) => *known.entry(speaker.clone()).or_insert_with(&mut new),
            None => new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<Row>, String> {
        parse(text, Path::new("lists/mine.tsv"))
    }

    #[test]
    fn columns_are_found_by_name_and_those_that_are_not_there_have_a_meaning() {
        let found =
            rows("seconds\tsystem\tpath\tkind\n1.4\tvits\ta.flac\tspoof\n1\tvctk\tb.flac\tbonafide\n\n");
        let found = found.unwrap();
        assert_eq!((found[0].attack, found[1].attack), (true, false));
        assert_eq!((found[0].group.as_str(), found[0].path.as_path()), ("vits", Path::new("lists/a.flac")));
        let found = rows("path\tdataset\tspeaker\na\td\ts\nb\te\ts\n").unwrap();
        assert!(found.iter().all(|row| !row.attack));
        assert_eq!((found[0].group.as_str(), found[0].speaker.as_deref()), ("d", Some("d/s")));
        assert_eq!(units(&found), [1, 2], "two data sets, two people");
        assert_eq!(rows("path\na\n").unwrap()[0].group, "mine");
        let found =
            rows("path\tkind\tsystem\tspecies\tspeaker\na\tspoof\tx\treplay\tp\nb\tbonafide\ty\treplay\tp\n");
        let found = found.unwrap();
        assert_eq!(
            (found[0].group.as_str(), found[0].system.as_str(), found[1].group.as_str()),
            ("replay", "x", "y")
        );
        assert_eq!(units(&found), [1, 1], "an attack is drawn with the speaker it imitates");
    }

    #[test]
    fn faults_are_named_by_line() {
        for (text, fault) in [
            ("", "the heading has no column 'path'"),
            ("kind\tsystem\nspoof\tx\n", "the heading has no column 'path'"),
            ("path\tkind\na\tfake\n", "line 2: kind 'fake' is neither 'bonafide' nor 'spoof'"),
            ("path\tkind\na\tspoof\nb\n", "line 3: 'kind' is missing"),
            ("path\tkind\tsystem\na\tspoof\t\n", "line 2: 'system' is missing"),
            ("path\tkind\n\tspoof\n", "line 2: 'path' is missing"),
        ] {
            assert_eq!(rows(text).unwrap_err(), fault);
        }
    }
}
