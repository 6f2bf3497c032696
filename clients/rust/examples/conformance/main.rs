//! Plays conformance cases through the public API of this crate; see `tests/conformance/README.md` of the
//! repository.
//!
//! Usage: `conformance PLAY`

mod description;
mod digest;
#[path = "../output/mod.rs"]
mod output;
mod play;
mod player;

use std::error::Error;
use std::process::ExitCode;

use crate::play::Play;
use crate::player::Player;

async fn run() -> Result<(), Box<dyn Error>> {
    let file = std::env::args().nth(1).ok_or("usage: conformance PLAY")?;
    let play = Play::read(&std::fs::read(file)?)?;
    let mut player = Player::new(play.connections);
    for case in &play.cases {
        let outcome = player.play(case).await?;
        player::say(&case.name, outcome)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure("conformance", error.as_ref()),
    }
}
