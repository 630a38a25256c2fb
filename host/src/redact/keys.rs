//! What has the form of a key: how keys of providers, clouds and code hosts begin, and how secrets are
//! written down.
//!
//! The forms are those that the issuers document, or that secret scanners publish rules for (gitleaks,
//! GitHub secret scanning, trufflehog), in words of our own and wider where that costs nothing.

use super::form::has_no_digit;
use super::names::is_placeholder;
use super::rule::Rule;
use super::settings::{self, NAMES, PASSWORDS as VARIABLES_OF_PASSWORDS, VARIABLES};
use super::words::is_word;
use super::{Kind, drawn};

/// Begin so that nothing else does. The issuer, and the form.
const SURE: [(&str, &str); 56] = [
    ("Z.ai, Zhipu", r"\b[0-9a-f]{32}\.[A-Za-z0-9]{16}\b"),
    ("GitHub", r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    ("GitHub", r"\bgithub_pat_[A-Za-z0-9_]{20,}"),
    (
        "GitLab",
        r"\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|imt|ffct|oas)-[A-Za-z0-9_.-]{16,}",
    ),
    ("Slack", r"\bxapp-\d-[A-Za-z0-9-]{10,}"),
    (
        "Slack",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?<value>[A-Za-z0-9/+]{20,})",
    ),
    (
        "AWS",
        r"\b(?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b",
    ),
    ("AWS Bedrock", r"\bABSK[A-Za-z0-9+/]{40,}={0,2}"),
    ("Google", r"\bAIza[A-Za-z0-9_-]{30,}"),
    ("Google", r"\bya29\.[A-Za-z0-9_.-]{20,}"),
    ("Google", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),
    ("Google", r"\b1//0[A-Za-z0-9_-]{20,}"),
    ("Google", r"\bAQ\.[A-Za-z0-9_-]{30,}"),
    (
        "Azure",
        r"(?i)\b(?:account|shared(?:access)?)key=(?<value>[A-Za-z0-9+/]{20,}={0,2})",
    ),
    ("Azure", r"[?&;]sig=(?<value>[A-Za-z0-9%+/=_-]{20,})"),
    ("Azure", r"\b[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}"),
    (
        "Hugging Face, Groq, xAI, Replicate",
        r"\b(?:hf|api_org|gsk|xai|r8)[_-][A-Za-z0-9]{20,}",
    ),
    ("NVIDIA", r"\bnvapi-[A-Za-z0-9_-]{20,}"),
    ("Perplexity", r"\bpplx-[A-Za-z0-9]{20,}"),
    ("PostHog", r"\bph[cx]_[A-Za-z0-9]{20,}"),
    ("npm", r"\bnpm_[A-Za-z0-9]{20,}"),
    ("RubyGems", r"\brubygems_[a-f0-9]{40,}"),
    ("crates.io", r"\bcio[A-Za-z0-9]{32}\b"),
    (
        "Stripe",
        r"\b(?:sk|pk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}",
    ),
    ("Stripe, Svix", r"\bwhsec_[A-Za-z0-9+/]{20,}={0,2}"),
    ("DigitalOcean", r"\bdo[opr]_v1_[a-f0-9]{20,}"),
    ("Cloudflare", r"\bv1\.0-[a-f0-9]{20,}-[a-f0-9]{100,}"),
    ("SendGrid", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    (
        "Mailgun, Mailchimp",
        r"\b(?:key-[0-9a-f]{32}|[0-9a-f]{32}-us\d{1,2})\b",
    ),
    ("Twilio", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    ("Telegram", r"\b\d{8,10}:AA[A-Za-z0-9_-]{32,}"),
    (
        "Discord",
        r"\b[MNO][A-Za-z0-9_-]{23,26}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
    ),
    ("Shopify", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    (
        "Square",
        r"\b(?:sq0[a-z]{3}-[A-Za-z0-9_-]{20,}|EAAA[A-Za-z0-9_-]{50,})",
    ),
    ("Postman", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    ("Atlassian", r"\bAT(?:ATT|CTT|BB)[A-Za-z0-9_=-]{24,}"),
    ("Databricks", r"\bdapi[0-9a-f]{32}(?:-\d)?\b"),
    ("Vault", r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}"),
    (
        "Terraform",
        r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}",
    ),
    ("Pulumi", r"\bpul-[a-f0-9]{40}\b"),
    ("New Relic", r"\bNR(?:AK|AA|II)-[A-Za-z0-9]{20,}"),
    ("Fly.io", r"\bfm[12][ar]?_[A-Za-z0-9+/=_-]{20,}"),
    ("Airtable", r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{32,}"),
    (
        "Doppler, PlanetScale",
        r"\b(?:dp\.(?:pt|st|ct|sa|scim|audit)|pscale_(?:tkn|pw|oauth))[._][A-Za-z0-9_.-]{20,}",
    ),
    ("Heroku", r"\bHRKU-[A-Za-z0-9_-]{20,}"),
    ("age", r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    ("1Password", r"\bops_eyJ[A-Za-z0-9+/=_-]{20,}"),
    (
        "JSON Web Token",
        r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    ),
    (
        "private key",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.)*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----",
    ),
    (
        "the beginning of one",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?:[A-Za-z0-9+/=\s\\:,→|>#-]|\x1b\[[0-9;]*[A-Za-z])*",
    ),
    ("HubSpot", r"\bpat-[a-z]{2}\d-[0-9a-f-]{32,}"),
    ("Alibaba, Tencent", r"\b(?:LTAI|AKID)[A-Za-z0-9]{12,40}\b"),
    (
        "Discord",
        r"\bdiscord(?:app)?\.com/api/webhooks/(?<value>\d+/[A-Za-z0-9_-]{20,})",
    ),
    (
        "Kubernetes",
        r#"\bclient-key-data\\*["']?\s*:\s*\\*["']?(?<value>[A-Za-z0-9+/]{16,}=*)"#,
    ),
    ("netrc", r"\blogin\s+\S+\s+password\s+(?<value>\S{4,})"),
    (
        "HTTP",
        r"(?i)\bauthorization\W{1,8}(?:basic|digest|token|apikey)\s+(?<value>[A-Za-z0-9._~+/-]{8,}=*)",
    ),
];

/// Begin as words and names of functions may begin, too: the rest must look as if it was drawn.
const AMONG_WORDS: [(&str, &str); 11] = [
    ("Fireworks, Together", r"\b(?:fw|tgp_v1)_[A-Za-z0-9_-]{20,}"),
    ("Tavily, Firecrawl", r"\b(?:tvly|fc)-[A-Za-z0-9-]{20,}"),
    (
        "Jina, LangSmith, Pinecone",
        r"\b(?:jina|lsv2|ls__|pcsk)_[A-Za-z0-9_]{20,}",
    ),
    ("PyPI", r"\bpypi-[A-Za-z0-9_-]{16,}"),
    ("Docker", r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    (
        "Linear, Notion, Figma",
        r"\b(?:lin_(?:api|oauth)|ntn|secret|figd)_[A-Za-z0-9_-]{32,}",
    ),
    ("Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    (
        "Supabase",
        r"\bsb(?:p|_secret|_publishable)_[A-Za-z0-9_-]{20,}",
    ),
    ("Sentry", r"\bsntry[su]_[A-Za-z0-9+/=_-]{20,}"),
    ("Grafana", r"\bgl(?:c|sa)_[A-Za-z0-9+/=_-]{20,}"),
    (
        "Vercel, Stripe, Render, Netlify, Neon, Sourcegraph, Chutes, Weights & Biases",
        r"\b(?:vck|sk|rnd|nfp|napi|sgp|cpk|wandb_v1)_[A-Za-z0-9]{20,}",
    ),
];

/// Names of many things begin so, too: `task-`, `disk-`, `pk-`. After `sk-` alone a digit is enough.
const BEGUN: &str = r"\b(?:[a-z]{0,2}sk|pk|rk)-[A-Za-z0-9_-]{16,}";

/// Code may stand behind such names: a key has digits in it, and is no call.
const WITH_DIGITS: [&str; 5] = [
    r#"(?i)\b(?:set-)?cookie\\*["']?\s*[:=]\s*\\*["']?(?<value>[^\s"'\\;=]+=[^"'\\;\r\n]{4,}(?:;\s*[^\s"'\\;=]+=[^"'\\;\r\n]+)*)"#,
    r"(?i)\bbearer\s+(?<value>[A-Za-z0-9._~+/-]{16,}=*)",
    r"(?i)\bauthorization\W{1,8}bearer\s+(?<value>[A-Za-z0-9._~+/-]{8,}=*)",
    r#"(?i)(?:api[_-]?key|(?:access|auth|refresh|bearer|api|bot|id|session)[_-]?token)\\*["']?\s*[:=]\s*\\*["']?(?<value>[A-Za-z0-9._~+/-]{16,}=*)(?:[^A-Za-z0-9._~+/=(-]|$)"#,
    r#"(?i)--(?:api-?key|token|auth-?token|access-?token)\s+\\*["']?(?<value>[A-Za-z0-9._~+/-]{8,}=*)"#,
];

/// The same of names that may also hold dates, files and words.
const PERHAPS: [&str; 1] =
    [r#"(?i)(?:token|auth)\\*["']?\s*[:=]\s*\\*["']?(?<value>[A-Za-z0-9._~+/-]{16,}=*)"#];

/// An option of a program that a secret follows.
const OPTIONS: [&str; 1] = [
    r#"(?i)--(?:password|passwd|secret|client-secret)[\s=]+\\*["']?(?<value>[^\s"'`\\,;\[\]<>(){}$*]{4,})"#,
];

/// The same of a password, which may be a word.
const PASSWORDS: [&str; 2] = [
    r#"(?i)(?:passw(?:or)?d|passphrase)\\*["']\s*[:=]\s*\\*["'](?<value>[^\s"'`\\<>(){}$*\[\]]{4,})"#,
    r#"(?i)--(?:password|passwd)[\s=]+\\*["']?(?<value>[^\s"'`\\,;\[\]<>(){}$*-][^\s"'`\\,;\[\]<>(){}$*]{7,})"#,
];

/// What ends a value elsewhere than in quotes and at the end of a line: code may stand there.
const VALUE: &str = r#"\\*["']?(?<value>[^\s"'`\\,;\[\]<>(){}$*]"#;

/// `https://name:password@host`, and what `curl -u` takes.
const LOGINS: [&str; 2] = [
    r"://(?<value>[^\s/@:\x22']*:[^\s@\x22']+(?:'\w[^\s@\x22']*)*(?:@[^\s@/\x22',]+)*)@",
    r"(?:\s-u|--user)[\s=]+['\x22]?(?<value>[^\s:'\x22]+:[^\s'\x22]{3,})",
];

/// All of them.
pub(super) fn rules() -> impl Iterator<Item = Rule> {
    issued(&SURE, |_| false)
        .chain(issued(&AMONG_WORDS, are_words))
        .chain([Rule::form(Kind::Key, BEGUN, is_name)])
        .chain(said(&WITH_DIGITS, |value| {
            has_no_digit(value) || is_member(value)
        }))
        .chain(said(&PERHAPS, |value| !drawn::is_secret(value)))
        .chain(settings::rules())
        .chain(named())
        .chain(said(&OPTIONS, is_no_secret))
        .chain(said(&PASSWORDS, is_no_password))
        .chain(said(&LOGINS, is_no_login))
}

/// A name that says that a secret follows, and what follows: of a file of variables, a configuration, code.
fn named() -> [Rule; 3] {
    let after = format!(r#"\\*["']?\s*(?::=|=>|[:=])\s*{VALUE}{{6,}})"#);
    let rule = |form: String, stays| Rule::form(Kind::Key, &form, stays);
    [
        rule(format!("(?i){NAMES}{after}"), is_no_secret),
        rule(format!(r"\b{VARIABLES}={VALUE}{{6,}})"), is_no_secret),
        rule(
            format!(r"\b{VARIABLES_OF_PASSWORDS}={VALUE}{{4,}})"),
            is_no_password,
        ),
    ]
}

fn is_no_secret(value: &str) -> bool {
    !is_secret(value) || are_short_words(value) || is_member(value)
}

fn is_no_password(value: &str) -> bool {
    is_word(value) || is_code(value)
}

fn issued(
    forms: &'static [(&'static str, &'static str)],
    stays: fn(&str) -> bool,
) -> impl Iterator<Item = Rule> {
    let forms = forms.iter();
    forms.map(move |(_, form)| Rule::form(Kind::Key, form, stays))
}

fn said(forms: &'static [&'static str], stays: fn(&str) -> bool) -> impl Iterator<Item = Rule> {
    let forms = forms.iter();
    forms.map(move |form| Rule::form(Kind::Key, form, stays))
}

/// `some_long_function_name`, `embeddings-v3-base`: what was drawn has digits among capitals, or in a long run.
fn are_words(value: &str) -> bool {
    let long = |part: &str| part.len() >= 10 && !has_no_digit(part);
    let capitals = value.bytes().any(|byte| byte.is_ascii_uppercase());
    has_no_digit(value) || !(capitals || value.split(['_', '-']).any(long))
}

/// `task-1234-fix-the-login`, `mask-rcnn-resnet50-fpn-v2`: words with numbers between them.
fn is_name(value: &str) -> bool {
    let words = || are_words(value) || drawn::are_words(value);
    has_no_digit(value) || (!value.starts_with("sk-") && words())
}

/// `v1-linux-x64`: the name of something that is no secret.
pub(super) fn are_short_words(value: &str) -> bool {
    let parts = || value.split(['-', '_', '.']);
    let short = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        part.len() <= 6 && part.bytes().all(plain)
    };
    parts().count() > 2 && parts().all(short)
}

/// Numbers, as of a container's user; a user and a group of one name; a port, and `@` in what follows it.
fn is_no_login(value: &str) -> bool {
    let (name, password) = value.split_once(':').unwrap_or((value, ""));
    let port = password.split_once('/').map(|(port, _)| port);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = !name.is_empty() && is_number(name) && is_number(password);
    name == password || numbers || port.is_some_and(is_number)
}

/// Under a name that says so, this is a secret: not a word of code, nor the place of one.
pub(super) fn is_secret(value: &str) -> bool {
    let signs = value
        .chars()
        .any(|c| !c.is_alphanumeric() && !"._-:/".contains(c));
    value.chars().count() >= 4 && !is_code(value) && (signs || !has_no_digit(value))
}

/// Where a secret is taken from, or that there is none.
pub(super) fn is_code(value: &str) -> bool {
    let words = ["true", "false", "required", "optional", "undefined"];
    value.contains("::")
        || holds_home(value)
        || value.starts_with("process.env")
        || value.starts_with("os.environ")
        || words.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// A path to a file of somebody whose name was taken out.
fn holds_home(value: &str) -> bool {
    value.starts_with('/') && value.split('/').any(is_placeholder)
}

/// `config.apiKey2`: a member of what programs keep their settings in.
pub(super) fn is_member(value: &str) -> bool {
    const ROOTS: [&str; 14] = [
        "args", "cfg", "conf", "config", "env", "local", "options", "opts", "params", "props",
        "self", "settings", "this", "var",
    ];
    let Some((root, rest)) = value.split_once('.') else {
        return false;
    };
    let root = root.trim_end_matches(|c: char| c.is_ascii_digit());
    let name = |c: char| c.is_alphanumeric() || "_.".contains(c);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    ROOTS.iter().any(|own| root.eq_ignore_ascii_case(own)) && digits <= 4 && rest.chars().all(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_compiles() {
        assert!(rules().count() > SURE.len() + AMONG_WORDS.len() + LOGINS.len());
    }
}
