//! What kind of mount a folder lies on: shared ones deliver no change events and are written by others.

use std::path::Path;

/// 9p, FUSE, NFS, SMB and CIFS, virtiofs (its magic is FUSE's), vboxsf.
const SHARED: [u64; 7] = [
    0x0102_1997,
    0x6573_5546,
    0x6969,
    0x517b,
    0xff53_4d42,
    0xfe53_4d42,
    0x786f_4256,
];

/// Whether the folder lies on a mount that another machine (such as the Mac around a VM) shares.
/// Unknown counts as not shared.
pub(crate) fn is_shared(path: &Path) -> bool {
    rustix::fs::statfs(path).is_ok_and(|stat| {
        // The width of `f_type` differs between architectures; the magic numbers have 32 bits.
        SHARED.contains(&((stat.f_type as u64) & 0xffff_ffff))
    })
}
