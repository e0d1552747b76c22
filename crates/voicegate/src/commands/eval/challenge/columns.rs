//! Lists of recordings whose columns are found by name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// The columns `names` of the tab-separated file `list`, line after line, as `row` reads them; what it answers with `Err`
/// is told with the number of the line. A field that is not there is empty. The first column is to be the path of the
/// recording, relative to the list.
pub(super) fn read<const N: usize, T>(
    list: &Path,
    names: [&str; N],
    row: impl Fn(PathBuf, [&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, Failure> {
    let text = fs::read_to_string(list).map_err(|error| Failure::file(list, &error))?;
    let folder = list.parent().unwrap_or(Path::new(""));
    let rows = parse(&text, names, |fields| match fields[0] {
        "" => Err("'path' is missing".to_owned()),
        path => row(folder.join(path), fields),
    });
    match rows {
        Ok(rows) if rows.is_empty() => Err(faulty(list, "there are no recordings")),
        Ok(rows) => Ok(rows),
        Err(fault) => Err(faulty(list, &fault)),
    }
}

/// What is wrong with a list.
pub(super) fn faulty(list: &Path, fault: &str) -> Failure {
    Failure::new("corpus", format!("{}: {fault}", list.display()))
}

fn parse<const N: usize, T>(
    text: &str,
    names: [&str; N],
    row: impl Fn([&str; N]) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut lines = text.lines().enumerate();
    let heading: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').collect()).unwrap_or_default();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(names) {
        let found = heading.iter().position(|column| *column == name);
        *place = found.ok_or_else(|| format!("the heading has no column '{name}'"))?;
    }
    let lines = lines.filter(|(_, line)| !line.trim().is_empty());
    let parsed = lines.map(|(i, line)| {
        let fields: Vec<&str> = line.split('\t').collect();
        row(places.map(|place| fields.get(place).copied().unwrap_or_default()))
            .map_err(|fault| format!("line {}: {fault}", i + 1))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name_and_faults_by_line() {
        let found = |text| {
            parse(text, ["path", "speaker"], |[path, speaker]| match path {
                "" => Err("nothing".to_owned()),
                _ => Ok((path.to_owned(), speaker.to_owned())),
            })
        };
        let row = |path: &str, speaker: &str| (path.to_owned(), speaker.to_owned());
        let text = "speaker\tmore\tpath\nx\t1\ta.wav\n\n\t2\tb.wav\n";
        assert_eq!(found(text).unwrap(), [row("a.wav", "x"), row("b.wav", "")]);
        assert_eq!(found("path\tspeaker\na\tb\n\tb\n").unwrap_err(), "line 3: nothing");
        assert_eq!(found("path\na\n").unwrap_err(), "the heading has no column 'speaker'");
        assert_eq!(found("").unwrap_err(), "the heading has no column 'path'");
    }
}
