//! `curl bench`.

use super::build;
use crate::bench::{Parts, Report, bench as measure};
use crate::cli::BenchArgs;

pub fn bench(args: &BenchArgs) -> anyhow::Result<()> {
    let resolved = super::resolve(&args.config)?;
    let config = &resolved.config;
    let threads = build::set_threads(config);
    let env = curl_envs::make(&config.env.id)?;
    let shape = build::replay_shape(config, env.spec())?;
    build::forecast(config, &shape)?;
    let agent = build::agent(config, &shape, build::device(config.train.device)?);
    let report = measure(config, Parts { agent, env, shape, threads }, args.repeats)?;
    super::print(&if args.json { serde_json::to_string(&report)? + "\n" } else { table(&report) })
}

fn table(report: &Report) -> String {
    let Report { env, batch_size, threads, .. } = report;
    let mut table = format!("{env}, batch {batch_size}, {threads} threads\n");
    let mut row = |name: &str, value: f64| table += &format!("{name:<36} {value:>9.2}\n");
    for phase in &report.phases {
        row(&format!("{}, ms", phase.name), phase.milliseconds);
    }
    row("updates/s", report.updates_per_second);
    row("agent steps/s, everything included", report.agent_steps_per_second);
    if let Some(bytes) = report.resident_bytes {
        row("resident memory, MB", bytes as f64 / 1e6);
    }
    table
}
