//! A folder of pictures and files of what was probed.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use rand::seq::SliceRandom;
use tch::Tensor;

use super::View;
use super::representation::{NotFinite, Representation};
use super::{Observation, Report, Subject, pictures, projector, spectrum};
use crate::durable;
use crate::picture::{Sheet, write_png};
use crate::random::{Purpose, Streams};

/// Observations that are shown with their neighbours, and with their activations.
const SHOWN: usize = 8;

/// What is shown, and where it comes from.
#[derive(Debug)]
pub struct Export<'a> {
    subject: Subject<'a>,
    observations: &'a [Observation],
    /// Height and width of the last convolution's maps.
    map_side: u64,
    shown: Vec<usize>,
    latents: Tensor,
    /// The coordinate that the latent vectors tell best, of those in the flat observation.
    best: Option<usize>,
}

impl<'a> Export<'a> {
    /// Encodes what is shown; the observations are some that a seed chooses.
    ///
    /// # Errors
    /// If a latent vector is not finite.
    pub fn new(
        subject: Subject<'a>,
        observations: &'a [Observation],
        map_side: u64,
        (report, seed): (&Report, u64),
    ) -> Result<Self, NotFinite> {
        let Subject { trained, sight, state_names, .. } = subject;
        let centres = vec![View::Centre; observations.len()];
        let latents = Representation::latent(trained).of(sight, observations, &centres)?;
        let mut shown: Vec<usize> = (0..observations.len()).collect();
        shown.shuffle(&mut Streams::new(seed).stream(Purpose::ProbeOrder, 1));
        shown.truncate(SHOWN);
        let best = best_coordinate(report);
        let best = best.and_then(|best| state_names.iter().position(|name| name == best));
        Ok(Self { subject, observations, map_side, shown, latents, best })
    }

    /// Makes a folder with all of it, whole or not at all.
    ///
    /// # Errors
    /// If a file cannot be written, or the name is taken.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        durable::write_folder(folder, |folder| self.fill(folder))
    }

    fn fill(&self, folder: &Path) -> io::Result<()> {
        let Subject { sight, state_names, trained, .. } = self.subject;
        let (observations, shown) = (self.observations, &self.shown);
        let neighbours = pictures::neighbours(sight, observations, &self.latents, shown);
        write_sheet(&folder.join("neighbours.png"), &neighbours)?;
        let shown: Vec<&Observation> = shown.iter().map(|&index| &observations[index]).collect();
        let saliency = pictures::saliency(sight, trained, self.map_side as i64, &shown);
        write_sheet(&folder.join("saliency.png"), &saliency)?;
        self.write_projection(folder)?;
        projector::write(folder, sight, observations, state_names, &self.latents)
    }

    /// A scatter plot, in whose name is what its colours mean and how much of the variance its axes explain.
    fn write_projection(&self, folder: &Path) -> io::Result<()> {
        let plane = spectrum::principal_plane(&self.latents);
        let (name, numbers): (&str, Vec<f64>) = match self.best {
            Some(at) => {
                let numbers = self.observations.iter().map(|one| one.state[at]);
                (&self.subject.state_names[at], numbers.collect())
            }
            None => {
                let steps = self.observations.iter().map(|one| one.agent_step as f64);
                ("agent_step", steps.collect())
            }
        };
        let [first, second] = plane.explained.map(|share| (100.0 * share).round());
        let name = name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let name = format!("projection-{name}-{first}-and-{second}-percent.png");
        let (side, pixels) = pictures::scatter(&plane, &numbers);
        write_picture(&folder.join(name), [side; 2], &pixels)
    }
}

/// The coordinate that latent vectors tell best by a line.
fn best_coordinate(report: &Report) -> Option<&str> {
    let r2 = &report.representations.first()?.readouts.as_ref()?.linear.r2;
    let best = r2.iter().zip(&report.coordinates).max_by(|one, other| one.0.total_cmp(other.0));
    best.map(|(_, name)| name.as_str())
}

fn write_sheet(path: &Path, sheet: &Sheet) -> io::Result<()> {
    write_picture(path, sheet.size(), &sheet.pixels())
}

fn write_picture(path: &Path, [height, width]: [usize; 2], rgb: &[u8]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    write_png(&mut file, width as u32, height as u32, rgb)?;
    file.flush()
}
