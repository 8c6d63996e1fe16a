use Augmentation::{
    ColourJitter, Crop as CropIt, Cutout, Flip, Gaussian, Greyscale, RandomConvolution, Rotate,
    Shift, Translate as TranslateIt,
};
use rand::Rng;

use super::*;
use crate::random::{Purpose, Stream, Streams};

/// All that keep the size.
const KEEPING: [Augmentation; 8] =
    [Shift, Cutout, ColourJitter, Greyscale, Flip, Rotate, RandomConvolution, Gaussian];

fn sizes(frame: usize, image: usize, channels: usize) -> Sizes {
    Sizes { frame, image, channels }
}

fn pipeline(augmentations: &[Augmentation], sizes: Sizes) -> Pipeline {
    Pipeline::new(augmentations, sizes, 0.1).expect("sizes fit")
}

fn stream(index: u64) -> Stream {
    Streams::new(1).stream(Purpose::Batch, index)
}

/// A frame of bytes that look random.
fn frame(sizes: Sizes, index: u64) -> Vec<u8> {
    let mut bytes = vec![0; sizes.frame * sizes.frame * sizes.channels];
    stream(1000 + index).fill_bytes(&mut bytes);
    bytes
}

/// The image of three frames that look random.
fn applied(pipeline: &Pipeline, drawn: &Drawn) -> Vec<u8> {
    let frames = [0, 1, 2].map(|index| frame(pipeline.sizes(), index));
    applied_to(pipeline, drawn, &frames.each_ref().map(Vec::as_slice))
}

fn applied_to(pipeline: &Pipeline, drawn: &Drawn, stack: &[&[u8]]) -> Vec<u8> {
    let Sizes { image: side, channels, .. } = pipeline.sizes();
    let mut image = vec![7; side * side * channels * stack.len()];
    pipeline.apply(stack, drawn, &mut image, &mut Scratch::default());
    image
}

#[test]
fn crop_alone_is_the_crop_with_its_draws() {
    let pipeline = pipeline(&[CropIt], sizes(100, 84, 3));
    let crop = Crop { frame: 100, image: 84, channels: 3 };
    let (mut drawing, mut cropping) = (stream(0), stream(0));
    let frames = [0, 1, 2].map(|index| frame(pipeline.sizes(), index));
    let stack = frames.each_ref().map(Vec::as_slice);
    for _ in 0..5 {
        let (drawn, corner) = (pipeline.draw(&mut drawing), crop.random_corner(&mut cropping));
        let mut expected = vec![0; 84 * 84 * 9];
        crop.cut(&stack, corner, &mut expected);
        assert_eq!(applied_to(&pipeline, &drawn, &stack), expected);
    }
    assert_eq!(drawing.next_u64(), cropping.next_u64());
    let mut expected = vec![0; 84 * 84 * 9];
    crop.cut(&stack, Corner { y: 8, x: 8 }, &mut expected);
    let mut centre = vec![7; 84 * 84 * 9];
    pipeline.centre(&stack, &mut centre);
    assert_eq!(centre, expected);
}

#[test]
fn no_augmentation_draws_nothing_and_shows_whole_frames() {
    let pipeline = pipeline(&[], sizes(2, 2, 1));
    let mut drawing = stream(0);
    let drawn = pipeline.draw(&mut drawing);
    assert_eq!(drawing.next_u64(), stream(0).next_u64());
    let stack: [&[u8]; 2] = [&[1, 2, 3, 4], &[5, 6, 7, 8]];
    assert_eq!(applied_to(&pipeline, &drawn, &stack), [1, 5, 2, 6, 3, 7, 4, 8]);
}

#[test]
fn steps_are_done_in_the_order_of_the_list() {
    let shifted = Step::Shift(Corner { y: 4, x: 5 });
    let cut = Step::Cutout(Hole { y: 0, x: 0, height: 2, width: 1 });
    let drawn = |steps: [&Step; 2]| Drawn {
        corner: Corner { y: 0, x: 0 },
        steps: steps.map(Step::clone).into(),
    };
    let pipeline = pipeline(&[Shift, Cutout], sizes(2, 2, 1));
    let stack: [&[u8]; 1] = [&[1, 2, 3, 4]];
    assert_eq!(applied_to(&pipeline, &drawn([&shifted, &cut]), &stack), [0, 2, 0, 4]);
    assert_eq!(applied_to(&pipeline, &drawn([&cut, &shifted]), &stack), [2, 2, 4, 4]);

    let drawn = pipeline.draw(&mut stream(0));
    assert!(matches!(drawn.steps[..], [Step::Shift(_), Step::Cutout(_)]), "{drawn:?}");
}

#[test]
fn draws_follow_each_other_in_the_order_of_the_list() {
    let pipeline = pipeline(&[CropIt, Cutout, Gaussian], sizes(100, 84, 3));
    let (mut drawing, mut by_hand) = (stream(0), stream(0));
    let Drawn { corner, steps } = pipeline.draw(&mut drawing);
    assert_eq!(corner.y, rand::RngExt::random_range(&mut by_hand, 0..16));
    assert_eq!(corner.x, rand::RngExt::random_range(&mut by_hand, 0..16));
    let hole = Step::Cutout(cutout::random_hole(84, &mut by_hand));
    assert_eq!(steps, [hole, Step::Gaussian(Noise::draw(0.1, &mut by_hand))]);
    assert_eq!(drawing.next_u64(), by_hand.next_u64());
}

#[test]
fn an_image_is_a_function_of_its_stream() {
    let mut augmentations = vec![CropIt];
    augmentations.extend(KEEPING);
    for channels in [3, 1] {
        let pipeline = pipeline(&augmentations, sizes(20, 16, channels));
        let image = |index| applied(&pipeline, &pipeline.draw(&mut stream(index)));
        assert_eq!(image(0), image(0));
        assert_ne!(image(0), image(1));
    }
}

#[test]
fn equal_frames_stay_equal_under_all_but_noise() {
    for augmentation in KEEPING {
        for channels in [3, 1] {
            let pipeline = pipeline(&[augmentation], sizes(16, 16, channels));
            let frame = frame(pipeline.sizes(), 0);
            let mut changed = 0;
            for index in 0..20 {
                let drawn = pipeline.draw(&mut stream(index));
                let image = applied_to(&pipeline, &drawn, &[&frame, &frame, &frame]);
                let equal = image.chunks(3 * channels).all(|pixel| {
                    let (oldest, newer) = pixel.split_at(channels);
                    newer.chunks(channels).all(|colours| colours == oldest)
                });
                assert_eq!(equal, augmentation != Gaussian, "{augmentation}");
                let first = image.chunks(3 * channels).flat_map(|pixel| &pixel[..channels]);
                changed += usize::from(!first.eq(&frame));
            }
            let has_colours = channels == 3 || augmentation != Greyscale;
            assert_eq!(changed > 0, has_colours, "{augmentation} with {channels} channels");
        }
    }
}

#[test]
fn each_works_on_the_smallest_image() {
    for augmentation in KEEPING {
        let pipeline = pipeline(&[augmentation], sizes(1, 1, 3));
        for index in 0..20 {
            applied(&pipeline, &pipeline.draw(&mut stream(index)));
        }
    }
}

#[test]
fn translated_frames_are_whole_and_at_the_centre_for_acting() {
    let pipeline = pipeline(&[TranslateIt], sizes(2, 4, 1));
    let stack: [&[u8]; 1] = [&[1, 2, 3, 4]];
    for index in 0..20 {
        let mut image = applied_to(&pipeline, &pipeline.draw(&mut stream(index)), &stack);
        image.retain(|&byte| byte > 0);
        assert_eq!(image, [1, 2, 3, 4]);
    }
    let mut centre = [7; 16];
    pipeline.centre(&stack, &mut centre);
    assert_eq!(centre, [0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]);
}

#[test]
fn acting_sees_nothing_random() {
    let pipeline = pipeline(&KEEPING, sizes(2, 2, 1));
    let mut centre = [7; 4];
    pipeline.centre(&[&[1, 2, 3, 4]], &mut centre);
    assert_eq!(centre, [1, 2, 3, 4]);
}

#[test]
fn scratch_is_allocated_once_and_its_content_does_not_matter() {
    let pipeline = pipeline(&KEEPING, sizes(16, 16, 3));
    let frames = [0, 1, 2].map(|index| frame(pipeline.sizes(), index));
    let stack = frames.each_ref().map(Vec::as_slice);
    let mut scratch = Scratch::default();
    let mut image = vec![0; 16 * 16 * 9];
    // A draw that uses all of it, whatever is left out.
    let turn = Drawn { corner: Corner { y: 0, x: 0 }, steps: vec![Step::Rotate(Turn::Half)] };
    pipeline.apply(&stack, &turn, &mut image, &mut scratch);
    let drawn = pipeline.draw(&mut stream(0));
    pipeline.apply(&stack, &drawn, &mut image, &mut scratch);
    let held = |scratch: &Scratch| {
        (scratch.bytes.as_ptr(), scratch.planes.as_ptr(), scratch.filtered.as_ptr())
    };
    let before = held(&scratch);
    for index in 1..20 {
        let drawn = pipeline.draw(&mut stream(index));
        pipeline.apply(&stack, &drawn, &mut image, &mut scratch);
        assert_eq!(image, applied(&pipeline, &drawn));
    }
    assert_eq!(held(&scratch), before);
}

#[test]
fn what_does_not_fit_is_refused_with_a_remedy() {
    let refusal = |augmentations: &[Augmentation], sizes| {
        let refused = Pipeline::new(augmentations, sizes, f64::NAN);
        refused.expect_err("they do not fit").to_string()
    };
    for (augmentations, sizes, expected) in [
        (
            &[] as &[_],
            sizes(0, 0, 3),
            "frames of 0 and images of 0 pixels: expected at least 1 each",
        ),
        (&[CropIt], sizes(4, 2, 2), "frames of 2 channels: expected 3 (colours) or 1 (grey)"),
        (
            &[CropIt],
            sizes(84, 84, 3),
            "crop takes images from frames that are larger, but frames have 84 pixels and images 84: make \
             frames larger (CURL has 100 for 84) or images smaller, or leave crop out and make both equal",
        ),
        (
            &[TranslateIt, Flip],
            sizes(100, 84, 3),
            "translate puts frames into images that are larger, but frames have 100 pixels and images 84: \
             make images larger (RAD has 108 for 100) or frames smaller, or leave translate out and make \
             both equal",
        ),
        (
            &[Flip],
            sizes(100, 84, 3),
            "nothing leads from frames of 100 pixels to images of 84: make both equal, or put crop first",
        ),
        (
            &[],
            sizes(84, 100, 1),
            "nothing leads from frames of 84 pixels to images of 100: make both equal, or put translate \
             first",
        ),
        (
            &[CropIt, Flip, CropIt],
            sizes(100, 84, 3),
            "crop comes twice, but sizes change once: leave one of them out",
        ),
        (
            &[TranslateIt, CropIt],
            sizes(100, 84, 3),
            "translate and crop both change the size: leave one of them out",
        ),
        (
            &[Flip, CropIt],
            sizes(100, 84, 3),
            "crop is number 2 of the augmentations, but what changes the size is done while frames are \
             copied: put crop first",
        ),
        (
            &[Gaussian],
            sizes(84, 84, 3),
            "gaussian noise with a deviation of NaN: expected a finite number of at least 0",
        ),
    ] {
        assert_eq!(refusal(augmentations, sizes), expected);
    }
    assert!(Pipeline::new(&KEEPING, sizes(84, 84, 3), -0.1).is_err());
    assert!(Pipeline::new(&[Flip], sizes(84, 84, 3), f64::NAN).is_ok(), "sigma is of no use");
}

#[test]
fn names_are_those_of_configurations() {
    let names = [
        (CropIt, "crop"),
        (Shift, "shift"),
        (TranslateIt, "translate"),
        (Cutout, "cutout"),
        (ColourJitter, "colour-jitter"),
        (Greyscale, "greyscale"),
        (Flip, "flip"),
        (Rotate, "rotate"),
        (RandomConvolution, "random-convolution"),
        (Gaussian, "gaussian"),
    ];
    for (augmentation, name) in names {
        assert_eq!(augmentation.to_string(), name);
        let read: Augmentation = serde_json::from_str(&format!("{name:?}")).expect("it is known");
        assert_eq!(read, augmentation);
    }
}
