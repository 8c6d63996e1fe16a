//! `curl methods`.

use anyhow::Result;
use serde::Serialize;

use crate::cli::MethodsArgs;
use crate::config::{self, Method};

/// A method as JSON tells it.
#[derive(Serialize)]
struct Told {
    name: &'static str,
    summary: &'static str,
    source: &'static str,
}

/// Lists the methods that `--method` takes, each with what it is and where it comes from.
///
/// # Errors
/// If standard output fails.
pub fn methods(args: &MethodsArgs) -> Result<()> {
    if args.json {
        let told = config::methods().map(|Method { name, summary, source }| Told {
            name,
            summary,
            source,
        });
        let methods = serde_json::json!({ "methods": told.collect::<Vec<_>>() });
        return super::print(&format!("{methods:#}\n"));
    }
    let width = config::methods().map(|method| method.name.len()).max().unwrap_or_default();
    let lines = config::methods().map(|Method { name, summary, source }| {
        format!("{name:width$}  {summary}\n{:width$}  {source}\n", "")
    });
    super::print(&lines.collect::<String>())
}
