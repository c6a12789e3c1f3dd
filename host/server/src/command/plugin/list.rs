//! `claviger plugin list`

use std::process::ExitCode;

use super::control::Control;
use super::show::show;
use crate::command::Failure;
use crate::config::Config;
use crate::front::Chain;
use crate::plugins::Loader;
use crate::surfaces::PluginView;
use crate::wiring;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    Arguments { json }: Arguments,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let views = if let Some(mut server) = Control::connect(config).await? {
        server.list().await?.plugins
    } else {
        eprintln!(
            "claviger: no server runs on {}; these are the plugins that would load, whatever is granted to them",
            config.data_dir.display()
        );
        without_server(config).await?
    };
    show(&views, json)?;
    Ok(ExitCode::SUCCESS)
}

/// The plugins of the binary, and the files of the plugin directory.
async fn without_server(config: &Config) -> Result<Vec<PluginView>, Failure> {
    const LOADS: &str = "loads";
    let runtime = wiring::tool_runtime(config)?;
    let embedded = wiring::load_plugins(&runtime, &config.plugins.settings).await?;
    let mut views: Vec<PluginView> = embedded
        .iter()
        .map(|plugin| PluginView {
            state: LOADS.to_owned(),
            ..PluginView::of(plugin)
        })
        .collect();
    let directory = wiring::plugin_directory_of(config);
    let loader = Loader::new(runtime, directory.clone(), &config.plugins);
    let looked = tokio::task::spawn_blocking(move || directory.look()).await??;
    for (file, stamp) in looked {
        let loaded = match stamp {
            Ok(stamp) => loader.load(file.clone(), stamp).await,
            Err(refusal) => Err(refusal.into()),
        };
        views.push(match loaded {
            Ok(Some(prepared)) => PluginView::of_prepared(&prepared, &file, LOADS),
            Ok(None) => PluginView::of_refused(&file, "it changes while it is being read"),
            Err(refusal) => PluginView::of_refused(&file, &Chain(&refusal).to_string()),
        });
    }
    Ok(views)
}
