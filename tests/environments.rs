//! `curl envs`: what there is, told and shown.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::{curl, fail, folder, succeed, text};

fn list(args: &[&str]) -> String {
    let folder = folder();
    text(&succeed(curl(folder.path(), &[&["envs"], args].concat())).stdout)
}

/// Saves pictures, and returns the message.
fn show(folder: &Path, args: &[&str]) -> String {
    text(&succeed(curl(folder, &[&["envs", "show"], args].concat())).stdout)
}

/// Width and height of a picture, and its pixels.
fn picture(path: &Path) -> ((u32, u32), Vec<u8>) {
    let file = BufReader::new(File::open(path).expect("the picture is there"));
    let mut reader = png::Decoder::new(file).read_info().expect("it is a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it is small")];
    let info = reader.next_frame(&mut pixels).expect("it is whole");
    ((info.width, info.height), pixels)
}

#[test]
fn every_environment_is_listed_without_python() {
    let list = list(&["--python", "/nowhere/python3"]);
    for id in curl_envs::ids() {
        assert!(list.contains(&format!("  {id} ")), "{id} is missing in\n{list}");
    }
    assert!(list.contains("gymnasium: missing: ") && list.contains("--python"), "{list}");
}

#[test]
fn filters_choose_among_the_ids() {
    let listed = list(&["ball-in-cup", "WALKER", "--json"]);
    let listed: Value = serde_json::from_str(&listed).expect("it is one JSON object");
    let suites = listed["suites"].as_array().expect("a list");
    assert_eq!(suites.len(), 1, "{listed}");
    let environments = suites[0]["environments"].as_array().expect("a list");
    assert!(environments.len() >= 2, "{listed}");
    let expected = json!({
        "id": "dmc:ball_in_cup-catch",
        "actions": {"numbers": 2},
        "control_timestep": 0.02,
        "time_limit": 1000,
        "default_action_repeat": 4,
        "task": "keep the ball in the cup",
    });
    assert_eq!(environments[0], expected);
    for environment in &environments[1..] {
        let id = environment["id"].as_str().expect("a text");
        assert!(id.starts_with("dmc:walker-"), "{id}");
    }
    assert!(suites[0]["needs"][0]["found"].is_string(), "{listed}");

    let folder = folder();
    let message = fail(curl(folder.path(), &["envs", "unicycle"]), 2);
    assert!(message.contains("no id holds unicycle"), "{message}");
}

#[test]
fn an_episode_is_shown_picture_by_picture() {
    let folder = folder();
    let folder = folder.path();
    let sheet = ["cartpole_swingup", "--steps", "5", "--columns", "3", "--size", "32"];
    let message = show(folder, &sheet);
    assert!(message.starts_with("dmc-cartpole-swingup.png: 5 pictures"), "{message}");
    let ((width, height), pixels) = picture(&folder.join("dmc-cartpole-swingup.png"));
    assert_eq!((width, height), (96, 64));
    let cell = |at: usize| -> Vec<u8> {
        let (top, left) = (at / 3 * 32, at % 3 * 32);
        let line = |y: usize| &pixels[((top + y) * 96 + left) * 3..][..32 * 3];
        (0..32).flat_map(line).copied().collect()
    };
    assert!(cell(0) != cell(4), "the cart has moved");
    assert!(cell(5).iter().all(|&byte| byte == 255), "there is no sixth picture");

    let again = |seed: &str| {
        show(folder, &[&sheet[..], &["--out", "again.png", "--seed", seed]].concat());
        picture(&folder.join("again.png")).1
    };
    assert!(again("0") == pixels, "the same seed is the same episode");
    assert!(again("1") != pixels, "two seeds give one episode");

    show(folder, &["walker-walk", "--steps", "1", "--size", "64", "--out", "one.PNG"]);
    assert_eq!(picture(&folder.join("one.PNG")).0, (64, 64));
}

#[test]
fn what_cannot_be_shown_is_told_and_leaves_no_file() {
    let folder = folder();
    let folder = folder.path();
    fs::create_dir(folder.join("taken.png")).expect("it can be made");
    let wrong = |args: &[&str], code| {
        let show = [&["envs", "show", "cartpole_swingup"], args].concat();
        fail(curl(folder, &show), code)
    };
    for args in [["--size", "7"], ["--size", "2049"], ["--steps", "0"], ["--columns", "0"]] {
        assert!(wrong(&args, 2).contains(args[0]), "{args:?}");
    }
    assert!(wrong(&["--out", "film.mp4"], 2).contains(".png"));
    let huge = wrong(&["--steps", "18446744073709551615"], 2);
    assert!(huge.contains("too large a sheet"), "{huge}");
    wrong(&["--steps", "18446744073709551615", "--columns", "18446744073709551615"], 2);
    wrong(&["--steps", "100", "--size", "2048"], 2);
    let small = ["--steps", "1", "--size", "8", "--out"];
    for out in ["nowhere/a.png", "taken.png"] {
        let message = wrong(&[&small[..], &[out]].concat(), 1);
        assert!(message.contains(&format!("cannot write {out}")), "{message}");
    }
    let unknown = fail(curl(folder, &["envs", "show", "cartpole_swingdown"]), 2);
    assert!(unknown.contains("dmc:cartpole-swingup"), "{unknown}");
    let left: Vec<_> = fs::read_dir(folder).expect("it is there").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
