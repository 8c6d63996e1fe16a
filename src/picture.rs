//! Pictures as PNG files.

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

#[cfg(test)]
mod tests {
    use super::*;

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
