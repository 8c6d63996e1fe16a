//! Pictures as PNG files, and many pictures in one.

use std::io::{self, Write};

/// Writes a picture of `width` x `height` RGB pixels, row by row from the top.
///
/// # Errors
/// If the picture has no pixels or other bytes than its size needs, or the output fails.
pub fn write_png(out: impl Write, width: u32, height: u32, rgb: &[u8]) -> io::Result<()> {
    let mut encoder = png::Encoder::new(out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    Ok(writer.finish()?)
}

/// Square pictures of one size side by side, row by row from the top.
#[derive(Debug)]
pub struct Sheet {
    side: usize,
    columns: usize,
    pictures: Vec<Vec<u8>>,
}

/// Bytes of a pixel: red, green and blue.
const RGB: usize = 3;
/// What is left of the last row.
const PAPER: u8 = 255;

impl Sheet {
    /// A sheet of pictures of `side` pixels a side, at most `columns` of them in a row.
    ///
    /// # Panics
    /// If there are no pixels or no columns.
    pub fn new(side: usize, columns: usize) -> Self {
        assert!(side > 0 && columns > 0);
        Self { side, columns, pictures: Vec::new() }
    }

    /// Adds a picture: side x side x 3 bytes, row by row from the top, RGB.
    ///
    /// # Panics
    /// If it has another size.
    pub fn push(&mut self, rgb: &[u8]) {
        assert_eq!(rgb.len(), self.side * self.side * RGB, "the picture is of the sheet's size");
        self.pictures.push(rgb.to_vec());
    }

    pub fn count(&self) -> usize {
        self.pictures.len()
    }

    /// Height and width in pixels.
    pub fn size(&self) -> [usize; 2] {
        let columns = self.columns.min(self.count());
        [self.count().div_ceil(self.columns) * self.side, columns * self.side]
    }

    /// All in one: height x width x 3 bytes.
    pub fn pixels(&self) -> Vec<u8> {
        let [height, width] = self.size();
        let row = self.side * RGB;
        let mut pixels = vec![PAPER; height * width * RGB];
        for (at, picture) in self.pictures.iter().enumerate() {
            let (top, left) = (at / self.columns * self.side, at % self.columns * row);
            for (y, line) in picture.chunks_exact(row).enumerate() {
                let start = (top + y) * width * RGB + left;
                pixels[start..start + row].copy_from_slice(line);
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_filled_row_by_row() {
        let mut sheet = Sheet::new(1, 2);
        sheet.push(&[1; 3]);
        assert_eq!((sheet.size(), sheet.pixels()), ([1, 1], vec![1; 3]));
        sheet.push(&[2; 3]);
        sheet.push(&[3; 3]);
        assert_eq!(sheet.size(), [2, 2]);
        assert_eq!(sheet.pixels(), [[1; 3], [2; 3], [3; 3], [PAPER; 3]].concat());

        let mut sheet = Sheet::new(2, 3);
        let picture: Vec<u8> = (0..12).collect();
        sheet.push(&picture);
        sheet.push(&[9; 12]);
        assert_eq!(sheet.size(), [2, 4]);
        let rows = [&picture[..6], &[9; 6], &picture[6..], &[9; 6]].concat();
        assert_eq!(sheet.pixels(), rows);
    }

    #[test]
    fn a_png_holds_the_picture() {
        let rgb: Vec<u8> = (0..2 * 2 * 3).map(|byte| byte * 20).collect();
        let mut bytes = Vec::new();
        write_png(&mut bytes, 2, 2, &rgb).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(bytes)).read_info().unwrap();
        let mut read = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut read).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (2, 2, png::ColorType::Rgb));
        assert_eq!(read, rgb);
    }
}
