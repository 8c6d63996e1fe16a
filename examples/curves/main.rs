//! Draws evaluation curves of runs into one SVG, a colour for each method.
//!
//! ```sh
//! cargo run --release --example curves -- OUT.svg CURL=s1-eval.csv,s2-eval.csv RAD=rad-eval.csv
//! ```
//!
//! A file is the `eval.csv` of a run. Each seed of a method is a line of its own; a mean over two
//! would hide how far they are apart.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use plotters::prelude::*;
use serde::Deserialize;

/// Draws evaluation curves of runs into one SVG.
#[derive(Parser)]
struct Args {
    /// The SVG to write.
    out: PathBuf,
    /// What to draw: METHOD=EVAL.csv,EVAL.csv with a file for each seed.
    #[arg(required = true)]
    methods: Vec<String>,
}

const SIZE: (u32, u32) = (900, 540);
/// Okabe and Ito's colours but yellow, which people who see few colours can tell apart, and two more.
const COLOURS: [RGBColor; 9] = [
    RGBColor(0, 0, 0),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(0, 114, 178),
    RGBColor(204, 121, 167),
    RGBColor(140, 140, 140),
    RGBColor(120, 80, 40),
];

/// The runs of one method.
struct Method {
    name: String,
    /// For each seed, env steps and mean returns.
    curves: Vec<Vec<(f64, f64)>>,
}

/// What is drawn of a row of an `eval.csv`.
#[derive(Deserialize)]
struct EvalRow {
    /// Env steps.
    frame: f64,
    /// The mean return.
    episode_reward: f64,
}

fn main() -> Result<()> {
    let Args { out, methods } = Args::parse();
    let methods = methods.iter().map(|method| read_method(method)).collect::<Result<Vec<_>>>()?;
    ensure!(methods.len() <= COLOURS.len(), "there are colours for {} methods", COLOURS.len());
    std::fs::write(&out, draw(&methods)?).with_context(|| format!("cannot write {}", out.display()))
}

/// `METHOD=EVAL.csv,EVAL.csv`.
fn read_method(arg: &str) -> Result<Method> {
    let (name, files) =
        arg.split_once('=').with_context(|| format!("{arg:?} is not METHOD=EVAL.csv,EVAL.csv"))?;
    let curves = files.split(',').map(|file| read_curve(Path::new(file)));
    Ok(Method { name: name.to_owned(), curves: curves.collect::<Result<_>>()? })
}

fn read_curve(file: &Path) -> Result<Vec<(f64, f64)>> {
    let rows = csv::Reader::from_path(file)
        .and_then(|reader| reader.into_deserialize().collect::<Result<Vec<EvalRow>, csv::Error>>());
    let rows = rows.with_context(|| format!("cannot read {} as an eval.csv", file.display()))?;
    Ok(rows.into_iter().map(|row| (row.frame, row.episode_reward)).collect())
}

fn draw(methods: &[Method]) -> Result<String> {
    let points = || methods.iter().flat_map(|method| &method.curves).flatten();
    let right = points().map(|point| point.0).fold(0.0, f64::max);
    let top = points().map(|point| point.1).fold(0.0, f64::max);
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .margin_right(32)
        .x_label_area_size(44)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..right, 0.0..1.05 * top)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("env steps")
        .y_desc("mean return of an evaluation")
        .x_label_formatter(&|step| format!("{step:.0}"))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for (method, colour) in methods.iter().zip(COLOURS) {
        let line = colour.stroke_width(2);
        for (seed, curve) in method.curves.iter().enumerate() {
            let drawn = chart.draw_series(LineSeries::new(curve.iter().copied(), line))?;
            if seed == 0 {
                drawn
                    .label(&method.name)
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], line));
            }
        }
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    root.present()?;
    drop((chart, root));
    Ok(svg)
}
