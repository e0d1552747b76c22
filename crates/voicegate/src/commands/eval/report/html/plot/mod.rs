//! Plots as SVG, which take their colours from the page.

mod det;
mod histogram;
mod reliability;

pub(in crate::commands::eval) use det::det;
pub(super) use histogram::histogram;
pub(super) use reliability::reliability;

use std::fmt::Write as _;

/// Size of every plot in its own units, small enough that its letters stay readable on a telephone.
const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 310.0;
/// The area inside the axes.
const LEFT: f64 = 60.0;
const RIGHT: f64 = 376.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 258.0;

/// A plot under construction: both axes run over their own numbers.
struct Plot {
    x: (f64, f64),
    y: (f64, f64),
    body: String,
}

impl Plot {
    fn new(x: (f64, f64), y: (f64, f64)) -> Self {
        let frame = format!("<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>\n");
        Self { x, y, body: frame }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.x.0) / (self.x.1 - self.x.0) * (RIGHT - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (value - self.y.0) / (self.y.1 - self.y.0) * (BOTTOM - TOP)
    }

    /// A tick with its label, and a line across.
    fn tick_x(&mut self, value: f64, label: &str) {
        let x = self.x(value);
        let _ = writeln!(
            self.body,
            "<path class=\"grid\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            BOTTOM + 17.0
        );
    }

    fn tick_y(&mut self, value: f64, label: &str) {
        let y = self.y(value);
        let _ = writeln!(
            self.body,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0,
            y + 4.5
        );
    }

    fn line(&mut self, class: &str, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut path = String::new();
        for (x, y) in points {
            let _ =
                write!(path, "{}{:.1} {:.1}", if path.is_empty() { 'M' } else { 'L' }, self.x(x), self.y(y));
        }
        let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{path}\"/>");
    }

    fn dot(&mut self, class: &str, x: f64, y: f64, radius: f64) {
        let (x, y) = (self.x(x), self.y(y));
        let _ =
            writeln!(self.body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"/>");
    }

    /// A label whose text is none of the corpus's.
    fn label(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let _ = writeln!(self.body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    /// The whole drawing, with a name and a description for those who can't see it.
    fn finish(mut self, id: &str, title: &str, description: &str, x: &str, y: &str) -> String {
        self.label(0.5 * (LEFT + RIGHT), HEIGHT - 10.0, "middle", x);
        let middle = 0.5 * (TOP + BOTTOM);
        let _ = writeln!(
            self.body,
            "<text x=\"14\" y=\"{middle:.1}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {middle:.1})\">{y}</text>"
        );
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
             <title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>\n{}</svg>\n",
            self.body
        )
    }
}
