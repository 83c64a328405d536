//! Random projects against the real engine: whatever changes in the file or in the world, one `up` later
//! nothing is left to plan.
//!
//! `LIGHTER_TEST_SEEDS=FIRST..END` chooses the projects: for more than a run of all tests has time for, or
//! to repeat one that failed.

use scenarios::{Lighter, Outcome, Project, require};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many projects are at work at a time.
const WORKERS: usize = 4;

/// A small generator (xorshift64*), so that every failure can be repeated by its seed.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).expect("31 bits") % end.max(1)
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn of(&mut self, choices: &[&'static str]) -> &'static str {
        choices[self.below(choices.len())]
    }
}

/// A Compose file; a service needs only those before it.
struct Draft {
    services: Vec<Service>,
    network: &'static str,
    volume: &'static str,
}

struct Service {
    value: usize,
    scale: usize,
    volumes: &'static str,
    networks: &'static str,
    update: &'static str,
    depends_on: Option<(usize, bool)>,
}

impl Draft {
    fn new(random: &mut Random) -> Self {
        let count = 2 + random.below(3);
        Self {
            services: (0..count).map(|number| Service::new(random, number)).collect(),
            network: labels(random),
            volume: labels(random),
        }
    }

    fn change(&mut self, random: &mut Random) {
        let chosen = random.below(self.services.len());
        match random.below(6) {
            0 => self.network = labels(random),
            1 => self.volume = labels(random),
            2 => self.services.push(Service::new(random, self.services.len())),
            3 if self.services.len() > 1 => drop(self.services.pop()),
            4 => self.services[chosen].scale = 1 + random.below(3),
            _ => self.services[chosen] = Service::new(random, chosen),
        }
    }
}

impl Service {
    fn new(random: &mut Random, number: usize) -> Self {
        Self {
            value: random.below(3),
            scale: 1 + random.below(2),
            volumes: random.of(&["", "'data:/data'", "/anonymous", "'data:/data', /anonymous"]),
            networks: random.of(&["default", "one", "two", "one, two"]),
            update: random.of(&["stop-first, parallelism: 1", "start-first", "start-first, parallelism: 1"]),
            depends_on: (number > 0 && random.is(2)).then(|| (random.below(number), random.is(2))),
        }
    }
}

fn labels(random: &mut Random) -> &'static str {
    random.of(&["{}", "{kind: first}", "{kind: second}"])
}

impl fmt::Display for Draft {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(text, "services:")?;
        for (number, service) in self.services.iter().enumerate() {
            writeln!(text, "  s{number}:\n{service}")?;
        }
        let Self { network, volume, .. } = self;
        writeln!(
            text,
            "networks: {{one: {{labels: {network}}}, two: }}\nvolumes: {{data: {{labels: {volume}}}}}"
        )
    }
}

impl fmt::Display for Service {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, scale, volumes, networks, update, depends_on } = self;
        writeln!(
            text,
            "    image: busybox\n    command: sleep 1000000\n    init: true\n    stop_grace_period: 0s"
        )?;
        writeln!(text, "    environment: {{VALUE: '{value}'}}\n    scale: {scale}")?;
        writeln!(text, "    volumes: [{volumes}]\n    networks: [{networks}]")?;
        writeln!(text, "    deploy: {{update_config: {{order: {update}}}}}")?;
        if let Some((needed, restart)) = depends_on {
            let condition = format!("{{condition: service_started, restart: {restart}}}");
            writeln!(text, "    depends_on: {{s{needed}: {condition}}}")?;
        }
        Ok(())
    }
}

/// What happens to the containers of one service while nobody runs `up`.
fn disturb(random: &mut Random, project: &Project<'_>) -> Outcome {
    let line: &[&str] = match random.below(5) {
        0 => &["kill", "s0"],
        1 => &["stop", "s0"],
        2 => &["rm", "-s", "-f", "s1"],
        3 => &["pause", "s1"],
        _ => &["restart", "-t", "0"],
    };
    project.run(line)
}

/// Brings up a project, changes it, brings it up again: then it is as the file says.
fn comes_to_rest(lighter: &Lighter, seed: u64) {
    let mut random = Random::new(seed);
    let mut draft = Draft::new(&mut random);
    let first = draft.to_string();
    let project = Project::new(lighter, &first);
    let check = |outcome: Outcome, now: &str| {
        let repeat = format!("LIGHTER_TEST_SEEDS={seed}..{}", seed + 1);
        assert_eq!(outcome.code, Some(0), "{repeat}: {outcome:#?}\n--- first\n{first}--- now\n{now}");
    };
    check(project.run(&["up", "-d"]), &first);
    if random.is(3) {
        check(disturb(&mut random, &project), &first);
    }
    for _ in 0..=random.below(3) {
        draft.change(&mut random);
    }
    let now = draft.to_string();
    project.write("compose.yaml", &now);
    check(project.run(&["up", "-d", "-y", "--remove-orphans"]), &now);
    check(project.run(&["plan", "--detailed-exitcode"]), &now);
}

/// Which projects are drawn.
fn seeds() -> Range<u64> {
    let Ok(range) = std::env::var("LIGHTER_TEST_SEEDS") else { return 0..20 };
    let (first, end) = range.split_once("..").expect("FIRST..END");
    first.parse().expect("a number")..end.parse().expect("a number")
}

#[test]
fn after_up_nothing_is_left_to_plan() {
    require!(Root, Seeds);
    // One root for all, so that commands of different projects meet in it.
    let lighter = Lighter::new();
    let seeds = seeds();
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let mine = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < seeds.end);
                std::iter::from_fn(mine).for_each(|seed| comes_to_rest(&lighter, seed));
            });
        }
    });
}
