//! Drawings of costs that grow with a number: both axes by powers of ten, so that what grows linearly is a line at 45°.

use std::fmt::Write as _;

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 250.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// Distinct to the colour-blind as well (the first of Okabe and Ito's).
const COLOURS: [&str; 4] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"];

/// One line of a drawing.
pub struct Line {
    /// What it is.
    pub name: &'static str,
    /// Number and cost.
    pub points: Vec<(f64, f64)>,
}

/// One drawing.
pub struct Plot {
    /// Above it.
    pub title: &'static str,
    /// What grows, to the right.
    pub across: &'static str,
    /// What it costs, upwards.
    pub up: &'static str,
    /// At most four.
    pub lines: Vec<Line>,
}

impl Plot {
    /// As SVG, on white, since pages have light and dark backgrounds.
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let across = Axis::of(points().map(|point| point.0), LEFT, WIDTH - RIGHT);
        let up = Axis::of(points().map(|point| point.1), HEIGHT - BOTTOM, TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
             font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n"
        );
        text(&mut svg, LEFT, 24.0, "start", self.title);
        text(&mut svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10.0, "middle", self.across);
        let (x, y) = (18.0, (TOP + HEIGHT - BOTTOM) / 2.0);
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\">{}</text>",
            self.up
        );
        for (power, x) in across.powers() {
            grid(&mut svg, (x, TOP), (x, HEIGHT - BOTTOM));
            text(&mut svg, x, HEIGHT - BOTTOM + 18.0, "middle", &number(power));
        }
        for (power, y) in up.powers() {
            grid(&mut svg, (LEFT, y), (WIDTH - RIGHT, y));
            text(&mut svg, LEFT - 6.0, y + 4.0, "end", &number(power));
        }
        for (index, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let places: Vec<_> = line.points.iter().map(|point| (across.place(point.0), up.place(point.1))).collect();
            let path: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join(" ")
            );
            for (x, y) in places {
                let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
            }
            let y = TOP + 12.0 + 20.0 * index as f64;
            let _ = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
                WIDTH - RIGHT + 12.0,
                y - 9.0
            );
            text(&mut svg, WIDTH - RIGHT + 28.0, y, "start", line.name);
        }
        svg + "</svg>\n"
    }
}

/// Powers of ten along a stretch of the drawing.
struct Axis {
    least: i32,
    most: i32,
    from: f64,
    to: f64,
}

impl Axis {
    fn of(figures: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (mut least, mut most) = (i32::MAX, i32::MIN);
        for power in figures.filter(|figure| *figure > 0.0).map(f64::log10) {
            least = least.min(power.floor() as i32);
            most = most.max(power.ceil() as i32);
        }
        Self { least: least.min(most - 1), most, from, to }
    }

    fn place(&self, figure: f64) -> f64 {
        let power = figure.max(f64::MIN_POSITIVE).log10().max(f64::from(self.least));
        let share = (power - f64::from(self.least)) / f64::from(self.most - self.least);
        self.from + share * (self.to - self.from)
    }

    fn powers(&self) -> impl Iterator<Item = (i32, f64)> + '_ {
        (self.least..=self.most).map(|power| (power, self.place(10f64.powi(power))))
    }
}

fn number(power: i32) -> String {
    match power {
        0.. => format!("{:.0}", 10f64.powi(power)),
        _ => format!("{:.*}", power.unsigned_abs() as usize, 10f64.powi(power)),
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    let text = text.replace('`', "");
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn grid(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#ddd\"/>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_linearly_rises_from_corner_to_corner() {
        let lines = vec![Line { name: "x", points: vec![(1.0, 10.0), (10.0, 100.0), (100.0, 1000.0)] }];
        let svg = Plot { title: "t", across: "n", up: "cost", lines }.svg();
        assert!(svg.contains("points=\"70.0,350.0 250.0,195.0 430.0,40.0\""), "{svg}");
    }

    #[test]
    fn small_powers_are_written_out() {
        assert_eq!(number(-2), "0.01");
        assert_eq!(number(5), "100000");
    }
}
