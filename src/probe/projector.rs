//! Latent vectors as TensorBoard's embedding projector opens them: rows of numbers, a row of names and
//! numbers for each, a picture of each, and the configuration that says which file is what. The
//! configuration is a `ProjectorConfig` of tensorboard/plugins/projector/projector_config.proto in protocol
//! buffers' text format; paths in it are relative to its own folder.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tch::{Device, Kind, Tensor};

use super::observations::{Actions, Observation, Sight};
use crate::picture::{Sheet, write_png};

const TENSORS: &str = "tensors.tsv";
const METADATA: &str = "metadata.tsv";
const SPRITE: &str = "sprite.png";
const CONFIG: &str = "projector_config.pbtxt";
/// Height and width of a picture in the sprite, if frames are not smaller. With the most frames that
/// a probe collects the sprite stays below the 8192 pixels a side that the projector takes.
const THUMBNAIL: usize = 48;

/// Writes the four files into a folder, for the latent vectors (N, D) of observations.
pub fn write(
    folder: &Path,
    sight: Sight<'_>,
    observations: &[Observation],
    state_names: &[String],
    latents: &Tensor,
) -> io::Result<()> {
    fs::write(folder.join(TENSORS), tensors(latents))?;
    fs::write(folder.join(METADATA), metadata(observations, state_names))?;
    let side = THUMBNAIL.min(sight.sizes().frame);
    write_sprite(&folder.join(SPRITE), sight, observations, side)?;
    fs::write(folder.join(CONFIG), config(side))
}

/// A line a row, its numbers between tabulators.
fn tensors(latents: &Tensor) -> String {
    let rows = Vec::<Vec<f64>>::try_from(latents).expect("latent vectors are a matrix of float64");
    rows.iter().map(|row| joined(row.iter().map(f64::to_string))).collect()
}

/// The same of where each observation comes from and of its state, below a line of names.
fn metadata(observations: &[Observation], state_names: &[String]) -> String {
    let names = ["episode", "agent_step", "actions"].map(str::to_owned);
    let rows = observations.iter().map(|one| {
        let Observation { episode, agent_step, state, .. } = one;
        let actions = Actions::of(*episode).name().to_owned();
        let place = [episode.to_string(), agent_step.to_string(), actions];
        joined(place.into_iter().chain(state.iter().map(f64::to_string)))
    });
    [joined(names.into_iter().chain(state_names.iter().cloned()))].into_iter().chain(rows).collect()
}

fn joined(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| cell.replace(char::is_control, " ")).collect::<Vec<_>>().join("\t") + "\n"
}

/// Small pictures of all observations, row by row. There are as many rows as columns, empty ones
/// included: the projector computes a picture's row from its number and the number of rows.
fn write_sprite(
    path: &Path,
    sight: Sight<'_>,
    observations: &[Observation],
    side: usize,
) -> io::Result<()> {
    let columns = (1..).find(|columns| columns * columns >= observations.len()).unwrap_or(1);
    let mut sheet = Sheet::new(side, columns);
    for observation in observations {
        sheet.push(&thumbnail(&sight.newest(observation), sight.sizes().frame, side));
    }
    let white = vec![255; side * side * 3];
    (observations.len()..columns * columns).for_each(|_| sheet.push(&white));
    let mut file = BufWriter::new(File::create(path)?);
    let [height, width] = sheet.size().map(|length| length as u32);
    write_png(&mut file, width, height, &sheet.pixels())?;
    file.flush()
}

/// A square picture made smaller by taking means.
fn thumbnail(rgb: &[u8], from: usize, to: usize) -> Vec<u8> {
    let [from, to] = [from, to].map(|side| side as i64);
    let picture = Tensor::from_slice(rgb).view([1, from, from, 3]).permute([0, 3, 1, 2]);
    let small = picture.to_kind(Kind::Float).adaptive_avg_pool2d([to, to]);
    let small = small.permute([0, 2, 3, 1]).round().to_kind(Kind::Uint8).to_device(Device::Cpu);
    Vec::try_from(small.contiguous().view(-1)).expect("they are bytes")
}

fn config(side: usize) -> String {
    format!(
        "embeddings {{
  tensor_name: \"latent\"
  tensor_path: \"{TENSORS}\"
  metadata_path: \"{METADATA}\"
  sprite {{
    image_path: \"{SPRITE}\"
    single_image_dim: {side}
    single_image_dim: {side}
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_a_line() {
        assert_eq!(joined(["a\tb".to_owned(), "c\nd".to_owned()].into_iter()), "a b\tc d\n");
    }

    #[test]
    fn numbers_are_read_back_as_they_were() {
        let latents = Tensor::from_slice(&[0.1, -1e-30, 1.0 / 3.0, 2e20]).view([2, 2]);
        let read: Vec<Vec<f64>> = tensors(&latents)
            .lines()
            .map(|line| line.split('\t').map(|cell| cell.parse().expect("a number")).collect())
            .collect();
        assert_eq!(read, [[0.1, -1e-30], [1.0 / 3.0, 2e20]]);
    }

    #[test]
    fn thumbnails_hold_means() {
        let rgb: Vec<u8> = [[0, 10, 20], [2, 10, 20], [4, 10, 20], [6, 10, 20]].concat();
        assert_eq!(thumbnail(&rgb, 2, 1), [3, 10, 20]);
        assert_eq!(thumbnail(&rgb, 2, 2), rgb);
    }
}
