//! What is resident of freed memory. One test: the allocator is the process's.
use lockstep_allocator::{MiMalloc, keep, keep_freed_memory, purge};

#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

const BYTES: usize = 256 << 20;

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() * 1024
}

/// Blocks as of columns, in another thread as an operator's, freed.
fn use_memory() {
    let blocks = || (0..BYTES >> 18).map(|_| vec![1_u8; 1 << 18]).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        scope.spawn(|| drop(blocks()));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn freed_memory_is_kept_until_the_limit_is_near() {
    keep_freed_memory();
    let before = resident();
    let held = || resident().saturating_sub(before);
    use_memory();
    assert!(held() > BYTES / 2, "{}", held());
    // What was freed before is given back, too.
    keep(false);
    purge();
    assert!(held() < BYTES / 8, "{}", held());
    use_memory();
    assert!(held() < BYTES / 8, "{}", held());
    // Two are near, one no longer is.
    keep(false);
    keep(true);
    use_memory();
    assert!(held() < BYTES / 8, "{}", held());
    keep(true);
    use_memory();
    assert!(held() > BYTES / 2, "{}", held());
}
