//! Puts what the profile `openai` says of OpenAI's models into the component.

#[path = "../models.rs"]
mod models;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    models::write()
}
