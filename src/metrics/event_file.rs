//! The TensorBoard event file.
//!
//! Records are framed and checksummed by tensorboard-rs's `RecordWriter` and encoded from
//! tensorboard-proto's `Event`. Its `SummaryWriter` is left out: it writes from a thread of its
//! own, which panics on a full disk. So is its image summary, which mixes up height and width.

use std::fs::{self, File};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use protobuf::Message;
use serde::{Deserialize, Serialize};
use tensorboard_proto::event::{Event, SessionLog, SessionLog_SessionStatus};
use tensorboard_proto::summary::{Summary, Summary_Image, Summary_Value};
use tensorboard_rs::record_writer::RecordWriter;

use super::growing_file::{GrowingFile, Storage, cut};
use super::histogram::{Histogram, histogram};
use super::{Image, MetricsError};
use crate::picture::write_png;
use crate::steps::Steps;

/// An event file that is being written.
#[derive(Debug)]
pub(super) struct EventFile<S = File> {
    /// Within the run folder.
    name: String,
    file: GrowingFile<S>,
}

/// An event file and how much of it is of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventFileState {
    pub name: String,
    pub bytes: u64,
}

impl EventFile {
    /// Creates the event file of a run in its folder.
    pub(super) fn create(run_dir: &Path) -> Result<Self, MetricsError> {
        Self::create_as(file_name(unix_time().as_secs()), run_dir)
    }

    /// Cuts a run's earlier event files to what is of the run, removes those that it does not know,
    /// and creates one for what follows.
    ///
    /// A file of its own, because a TensorBoard that had read on in the earlier one would be lost in
    /// it. The start of a session tells such a reader to forget what it has from that step on.
    pub(super) fn continue_after(
        run_dir: &Path,
        earlier: &[EventFileState],
        steps: &Steps,
    ) -> Result<Self, MetricsError> {
        for EventFileState { name, bytes } in earlier {
            cut(&run_dir.join(name), *bytes)?;
        }
        remove_unknown(run_dir, earlier)?;
        // Readers take the files in the order of their names, whatever the clock has done.
        let latest = earlier.iter().filter_map(|file| seconds(&file.name)).max();
        let now = unix_time().as_secs().max(latest.map_or(0, |latest| latest.saturating_add(1)));
        let mut events = Self::create_as(file_name(now), run_dir)?;
        let mut start = SessionLog::new();
        start.set_status(SessionLog_SessionStatus::START);
        let mut event = Event::new();
        event.set_step(steps.env_step as i64 + 1);
        event.set_session_log(start);
        events.append(event)?;
        Ok(events)
    }

    fn create_as(name: String, run_dir: &Path) -> Result<Self, MetricsError> {
        let file = GrowingFile::create(&run_dir.join(&name))?;
        Self::over(name, file)
    }

    pub(super) fn sync(&self) -> Result<(), MetricsError> {
        self.file.sync()
    }
}

impl<S: Storage> EventFile<S> {
    fn over(name: String, file: GrowingFile<S>) -> Result<Self, MetricsError> {
        let mut events = Self { name, file };
        let mut version = Event::new();
        version.set_file_version("brain.Event:2".to_owned());
        events.append(version)?;
        Ok(events)
    }

    /// Writes the scalars `<group>/<name>` as one event.
    pub(super) fn scalars(
        &mut self,
        steps: &Steps,
        group: &str,
        scalars: &[(&str, f64)],
    ) -> Result<(), MetricsError> {
        let value = |(name, value): &(&str, f64)| scalar(format!("{group}/{name}"), *value);
        self.summary(steps, scalars.iter().map(value).collect())
    }

    pub(super) fn histogram(
        &mut self,
        steps: &Steps,
        tag: &str,
        values: &[f32],
    ) -> Result<(), MetricsError> {
        let Histogram { proto, non_finite } = histogram(values);
        let mut value = Summary_Value::new();
        value.set_tag(tag.to_owned());
        value.set_histo(proto);
        let mut values = vec![value];
        if non_finite > 0 {
            values.push(scalar(format!("{tag}/non_finite"), non_finite as f64));
        }
        self.summary(steps, values)
    }

    pub(super) fn image(
        &mut self,
        steps: &Steps,
        tag: &str,
        image: &Image<'_>,
    ) -> Result<(), MetricsError> {
        let picture = encode(image).ok_or_else(|| MetricsError::Image {
            tag: tag.to_owned(),
            height: image.height,
            width: image.width,
            expected: image.height.saturating_mul(image.width).saturating_mul(3),
            got: image.rgb.len(),
        })?;
        let mut value = Summary_Value::new();
        value.set_tag(tag.to_owned());
        value.set_image(picture);
        self.summary(steps, vec![value])
    }

    pub(super) fn state(&self) -> EventFileState {
        EventFileState { name: self.name.clone(), bytes: self.file.length() }
    }

    fn summary(&mut self, steps: &Steps, values: Vec<Summary_Value>) -> Result<(), MetricsError> {
        let mut summary = Summary::new();
        summary.set_value(values.into());
        let mut event = Event::new();
        event.set_step(steps.env_step as i64);
        event.set_summary(summary);
        self.append(event)
    }

    fn append(&mut self, mut event: Event) -> Result<(), MetricsError> {
        event.set_wall_time(unix_time().as_secs_f64());
        let payload = event.write_to_bytes().expect("an event has no required fields to lack");
        let mut record = Vec::with_capacity(payload.len() + 16);
        RecordWriter::new(&mut record).write(&payload).expect("a Vec takes all that is written");
        self.file.append(&record)
    }
}

fn scalar(tag: String, value: f64) -> Summary_Value {
    let mut scalar = Summary_Value::new();
    scalar.set_tag(tag);
    scalar.set_simple_value(value as f32);
    scalar
}

/// Encodes a picture as PNG; nothing if it has no pixels, too many, or not the bytes for them.
fn encode(image: &Image<'_>) -> Option<Summary_Image> {
    let height = i32::try_from(image.height).ok()?;
    let width = i32::try_from(image.width).ok()?;
    let mut png_bytes = Vec::new();
    write_png(&mut png_bytes, width as u32, height as u32, image.rgb).ok()?;

    let mut picture = Summary_Image::new();
    picture.set_height(height);
    picture.set_width(width);
    picture.set_colorspace(3);
    picture.set_encoded_image_string(png_bytes);
    Some(picture)
}

const PREFIX: &str = "events.out.tfevents.";

/// The name that TensorBoard and its kin look for, with the parts that PyTorch's writer has.
fn file_name(seconds: u64) -> String {
    let host = gethostname::gethostname();
    let host: String = host
        .to_string_lossy()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    format!("{PREFIX}{seconds:010}.{host}.{}.0", std::process::id())
}

/// The time in the name of an event file.
fn seconds(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
}

/// Whether a name, which may come from a stranger, is one of an event file in the run folder itself.
pub(super) fn is_event_file(name: &str) -> bool {
    name.starts_with(PREFIX) && !name.contains(['/', '\0'])
}

/// Removes the event files of a run folder that are not among those known.
pub(super) fn remove_unknown(run_dir: &Path, known: &[EventFileState]) -> Result<(), MetricsError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| MetricsError::Reopen { path, source }
    };
    for entry in fs::read_dir(run_dir).map_err(failed(run_dir))?.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(is_event_file);
        if ours && known.iter().all(|file| *file.name != *name) {
            fs::remove_file(entry.path()).map_err(failed(&entry.path()))?;
        }
    }
    Ok(())
}

fn unix_time() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::growing_file::tests::on_small_disk;
    use super::*;
    use crate::event_log::Records;

    const STEPS: Steps = Steps { env_step: 8, agent_step: 1, update: 0, episode: 0 };

    fn payloads(bytes: &[u8]) -> Vec<Event> {
        let mut records = Records::new(bytes, 0);
        std::iter::from_fn(|| records.next_record().unwrap())
            .map(|record| Event::parse_from_bytes(&record.unwrap().payload).unwrap())
            .collect()
    }

    #[test]
    fn a_full_disk_is_an_error_and_keeps_whole_events() {
        for capacity in 0..300 {
            let Ok(mut events) = EventFile::over(String::new(), on_small_disk(capacity)) else {
                continue;
            };
            let mut written = 1;
            while events.scalars(&STEPS, "loss", &[("critic", 1.0), ("actor", 2.0)]).is_ok() {
                written += 1;
            }
            assert!(events.histogram(&STEPS, "w", &[1.0; 9]).is_err() || capacity > 200);
            assert!(payloads(events.file.content()).len() >= written);
        }
        let full = std::fs::OpenOptions::new().append(true).open("/dev/full").unwrap();
        let full = GrowingFile::over(Path::new("/dev/full"), full);
        assert!(matches!(
            EventFile::over(String::new(), full),
            Err(MetricsError::Append { length: 0, .. })
        ));
    }

    #[test]
    fn pictures_and_distributions_keep_their_content() {
        let mut events = EventFile::over(String::new(), on_small_disk(10_000)).unwrap();
        let rgb: Vec<u8> = (0..2 * 3 * 3).collect();
        events.image(&STEPS, "crops", &Image { height: 2, width: 3, rgb: &rgb }).unwrap();
        events.histogram(&STEPS, "w", &[1.0, 1.0, -2.0]).unwrap();
        let written = payloads(events.file.content());

        let picture = written[1].get_summary().get_value()[0].get_image();
        assert_eq!((picture.get_height(), picture.get_width()), (2, 3));
        let bytes = std::io::Cursor::new(picture.get_encoded_image_string());
        let mut decoder = png::Decoder::new(bytes).read_info().unwrap();
        let mut decoded = vec![0; decoder.output_buffer_size().unwrap()];
        let info = decoder.next_frame(&mut decoded).unwrap();
        assert_eq!((info.height, info.width, decoded), (2, 3, rgb));

        let value = &written[2].get_summary().get_value()[0];
        assert_eq!((value.get_tag(), value.get_histo().get_num()), ("w", 3.0));
        assert_eq!(value.get_histo().get_bucket().iter().sum::<f64>(), 3.0);
        assert!(written[1..].iter().all(|event| event.get_step() == 8));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let mut events = EventFile::over(String::new(), on_small_disk(10_000)).unwrap();
        let before = events.state();
        for (height, width, bytes) in [(0, 3, 0), (2, 3, 17), (2, 3, 19), (usize::MAX, 3, 9)] {
            let image = Image { height, width, rgb: &vec![0; bytes] };
            let error = events.image(&STEPS, "crops", &image).unwrap_err();
            assert!(matches!(error, MetricsError::Image { got, .. } if got == bytes));
        }
        assert_eq!(events.state(), before);
    }
}
