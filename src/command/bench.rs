//! `curl bench`.

use super::build;
use crate::bench::{Parts, Phase, Report, bench as measure};
use crate::cli::{BenchArgs, ConfigArgs};

pub fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    let resolved = super::resolve(&with_short_options(args))?;
    let config = &resolved.config;
    let threads = build::set_threads(config);
    let env = build::env(config)?;
    let shape = build::replay_shape(config, env.spec())?;
    build::forecast(config, &shape)?;
    let device = build::device(config.train.device)?;
    let agent = build::agent(&config.agent, &shape, config.train.seed, device);
    let report = measure(config, Parts { agent, env, shape, threads }, args.repeats)?;
    super::print(&if args.json { serde_json::to_string(&report)? + "\n" } else { table(&report) })
}

/// The short options are keys of the configuration.
fn with_short_options(args: &BenchArgs) -> ConfigArgs {
    let mut config = args.config.clone();
    let options = [
        ("agent.update", args.update.clone()),
        ("agent.precision", args.precision.clone()),
        ("train.batch_size", args.batch_size.map(|size| size.to_string())),
        ("train.threads", args.threads.map(|threads| threads.to_string())),
    ];
    let given = options.into_iter().filter_map(|(key, value)| Some((key, value?)));
    config.settings.sets.extend(given.map(|(key, value)| format!("{key}={value}")));
    config
}

fn table(report: &Report) -> String {
    let Report { env, update, precision, batch_size, threads, .. } = report;
    let update = format!("{update:?}").to_lowercase();
    let mut table =
        format!("{env}, {update} update in {precision}, batch {batch_size}, {threads} threads\n");
    let mut row = |name: &str, value: f64| table += &format!("{name:<36} {value:>9.2}\n");
    for Phase { name, milliseconds } in &report.phases {
        row(&format!("{name}, ms"), *milliseconds);
    }
    for Phase { name, milliseconds } in &report.update_phases {
        row(&format!("  {name}, ms"), *milliseconds);
    }
    row("convolutions of one batch, ms", report.encoder.milliseconds);
    row("convolutions, GFLOP/s", report.encoder.gflops);
    row("matrix product, GFLOP/s", report.encoder.peak_gflops);
    row("updates/s", report.updates_per_second);
    row("agent steps/s, everything included", report.agent_steps_per_second);
    if let Some(bytes) = report.resident_bytes {
        row("resident memory, MB", bytes as f64 / 1e6);
    }
    table
}
