//! Standard output: the answer and nothing else.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use crate::exit::Failure;

/// Shape of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

impl Format {
    /// Prints `answer`, as JSON or as the text that `text` makes of it.
    pub(crate) fn print<T: Serialize + ?Sized>(
        self,
        answer: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        let mut document = match self {
            Self::Text => text(answer),
            Self::Json => serde_json::to_string_pretty(answer)
                .map_err(|error| Failure::new("internal", format!("the answer is no JSON: {error}")))?,
        };
        if !document.ends_with('\n') && !document.is_empty() {
            document.push('\n');
        }
        write(document.as_bytes())
    }

    /// Says on standard error why the command was not carried out, the stable code first; a program that reads JSON gets
    /// both on standard output too.
    pub(crate) fn fail(self, failure: &Failure) {
        eprintln!("voicegate: error[{}]: {failure}", failure.code);
        if self == Self::Json {
            let problem = json!({"error": {"code": failure.code, "message": failure.message}});
            // What could be said is on standard error already.
            let _ = write(format!("{problem:#}\n").as_bytes());
        }
    }
}

/// Writes to standard output at once. A reader that has seen enough (`| head`) is not an error.
pub(crate) fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("output", format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Lines of columns, padded to the widest cell; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        assert_eq!(table(&[row(["a", "name"]), row(["long", "x"])]), "a     name\nlong  x\n");
        assert_eq!(table(&[]), "");
    }
}
