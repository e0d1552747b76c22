//! Tables with a caption, which scroll by themselves where the page is narrow.

use super::escape::escape;

/// A table under construction.
pub(in crate::commands::eval) struct Table {
    text: String,
}

impl Table {
    /// `caption` is plain text, as the headings are.
    pub(in crate::commands::eval) fn new(caption: &str, headings: &[&str]) -> Self {
        let caption = escape(caption);
        let cells: String =
            headings.iter().map(|heading| format!("<th scope=\"col\">{}</th>", escape(heading))).collect();
        Self {
            text: format!(
                "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{caption}\">\n\
                 <table><caption>{caption}</caption>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n"
            ),
        }
    }

    /// A row with its name, which is plain text, and its cells, which are HTML. It can be marked as the one that holds now.
    pub(in crate::commands::eval) fn row(&mut self, name: &str, marked: bool, cells: &[String]) {
        let class = if marked { " class=\"here\"" } else { "" };
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        self.text += &format!("<tr{class}><th scope=\"row\">{}</th>{cells}</tr>\n", escape(name));
    }

    pub(in crate::commands::eval) fn finish(self) -> String {
        self.text + "</tbody></table></div>\n"
    }
}
