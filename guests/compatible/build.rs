//! Puts the Messages API's side of `config/profiles` into the component.

#[path = "../profiles.rs"]
mod profiles;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    profiles::write(profiles::Side::Anthropic)
}
