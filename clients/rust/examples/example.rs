//! Lists the models of a server, and writes `iris.csv` and `digits/` into the current folder.
//!
//! Usage: `example [TARGET]`; the default is `localhost:50051`.

mod output;

use std::error::Error;
use std::fs;
use std::io::Write;
use std::process::ExitCode;

use synthserve::Client;

use crate::output::say;

async fn run(target: &str) -> Result<(), Box<dyn Error>> {
    let client = Client::new(target)?;

    let mut models = client.models();
    while let Some(model) = models.next().await {
        let model = model?;
        let summary = model.card.map(|card| card.summary).unwrap_or_default();
        say(format_args!("{}: {summary}", model.version))?;
    }

    let mut chunks = client.rows("iris-vae").count(1_000).seed(7).csv();
    let mut file = fs::File::create("iris.csv")?;
    let mut rows = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        file.write_all(&chunk.data)?;
        rows += chunk.row_count;
    }
    say(format_args!("wrote {rows} rows to iris.csv"))?;

    fs::create_dir_all("digits")?;
    let mut images = client.images("mnist-dcgan").count(16).seed(7).png();
    let mut written = 0;
    while let Some(image) = images.next().await {
        let image = image?;
        fs::write(format!("digits/{:04}.png", image.index), &image.data)?;
        written += 1;
    }
    say(format_args!("wrote {written} images to digits/"))?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let target = std::env::args().nth(1).unwrap_or_else(|| "localhost:50051".to_owned());
    match run(&target).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure("example", error.as_ref()),
    }
}
