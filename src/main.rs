//! Parses arguments, starts what they ask for, prints the error.

use std::sync::Arc;
use tradedeck::config::{Config, ConfigPaths};
use tradedeck::runtime::clock::SystemClock;
use tradedeck::{start, ui};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let setup = start::Setup { config: Config::default(), paths: ConfigPaths::find(None).unwrap(), read_only: false };
    let running = start::launch_demo(&setup).await.unwrap();
    let face = ui::Face {
        screen: running.hub.attach(),
        clock: Arc::new(SystemClock),
        new_id: Box::new(|| { let mut b = [0; 16]; getrandom::fill(&mut b).unwrap(); b }),
        config: setup.config,
        config_file: None,
        themes: None,
        no_colour: false,
    };
    let out = ui::run(face).await;
    running.stop().await;
    println!("{out:?}");
}
