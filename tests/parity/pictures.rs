//! The pictures of a case, and the numbers that are stored as one.

use std::fmt::Display;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Points of a side of the suite's one height field.
pub const HEIGHTS_SIDE: usize = 201;

/// The numbers whose bytes, highest first, a picture has as four squares one below the other.
pub fn read_floats(path: &Path) -> Vec<f64> {
    let shape = (HEIGHTS_SIDE, 4 * HEIGHTS_SIDE, png::ColorType::Grayscale);
    let bytes = read_png(path, shape).unwrap_or_else(|error| panic!("{error}"));
    let count = bytes.len() / 4;
    let float = |at| f32::from_be_bytes([0, 1, 2, 3].map(|byte| bytes[byte * count + at]));
    (0..count).map(|at| float(at).into()).collect()
}

/// The bytes of a picture of a width, a height and a kind.
pub fn read_png(path: &Path, shape: (usize, usize, png::ColorType)) -> Result<Vec<u8>, String> {
    let failure = |error: &dyn Display| format!("{}: {error}", path.display());
    let file = File::open(path).map_err(|error| failure(&error))?;
    let mut reader =
        png::Decoder::new(BufReader::new(file)).read_info().map_err(|error| failure(&error))?;
    let info = reader.info();
    let got = (info.width as usize, info.height as usize, info.color_type);
    if got != shape {
        return Err(failure(&format!("expected a picture of {shape:?}, got {got:?}")));
    }
    let mut bytes = vec![0; shape.0 * shape.1 * shape.2.samples()];
    reader.next_frame(&mut bytes).map_err(|error| failure(&error))?;
    Ok(bytes)
}
