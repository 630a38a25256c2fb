//! Puts the chat completions side of `config/profiles` into the component, and what it says of OpenAI's models.

#[path = "../models.rs"]
mod models;
#[path = "../profiles.rs"]
mod profiles;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    profiles::write(profiles::Side::Chat)?;
    models::write()
}
