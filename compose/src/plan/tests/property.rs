//! Random projects over random worlds: a plan, once carried out, leaves nothing to plan; wherever it is
//! cut short, the next one comes to the same end.

use super::world::{digest, exited, perform, perform_until, plan_up};
use crate::plan::{Recreate, UpOptions};
use engine_spec::{Observed, Status};
use std::fmt::Write;

const ROUNDS: u64 = 200;

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
        usize::try_from(drawn).unwrap() % end.max(1)
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// A project of up to six services that need only those before them.
fn project(random: &mut Random) -> String {
    let mut text = String::from("name: app\nservices:\n");
    for number in 0..1 + random.below(6) {
        let _ = writeln!(text, "  s{number}:\n    image: i{}", random.below(3));
        service(random, number, &mut text);
    }
    let driver = random.of(&["", "{internal: true}", "{labels: {a: b}}"]);
    let _ = writeln!(text, "networks:\n  one: {driver}\n  two:");
    let _ = writeln!(text, "volumes:\n  data: {}", random.of(&["", "{labels: {a: b}}"]));
    text
}

fn service(random: &mut Random, number: usize, text: &mut String) {
    if random.is(3) {
        let _ = writeln!(text, "    environment: {{A: '{}'}}", random.below(3));
    }
    if random.is(3) {
        let _ = writeln!(text, "    scale: {}", random.below(4));
    }
    if random.is(4) {
        let _ = writeln!(text, "    volumes: ['data:/data', '/anonymous']");
    }
    if random.is(5) {
        let _ = writeln!(text, "    post_start: [{{command: [a]}}]\n    pre_start: [{{command: [b]}}]");
    }
    if random.is(2) {
        let order = random.of(&["start-first", "stop-first"]);
        let action = random.of(&["pause", "continue", "rollback"]);
        let _ = writeln!(
            text,
            "    deploy: {{update_config: {{order: {order}, failure_action: {action}, parallelism: {}, delay: {}s}}}}",
            random.below(3),
            random.below(2)
        );
    }
    if number > 0 && random.is(6) {
        let _ = writeln!(text, "    network_mode: service:s{}", random.below(number));
    } else if random.is(2) {
        let _ = writeln!(text, "    networks: [{}]", random.of(&["one", "two", "one, two"]));
    }
    if number > 0 && random.is(2) {
        let condition = random.of(&["service_started", "service_healthy"]);
        let (restart, required) = (random.is(2), random.is(2));
        let _ = writeln!(
            text,
            "    depends_on: {{s{}: {{condition: {condition}, restart: {restart}, required: {required}}}}}",
            random.below(number)
        );
    }
}

/// What a life of its own does to a world.
fn disturb(random: &mut Random, world: &mut Observed) {
    for container in &mut world.containers {
        match random.below(8) {
            0 => container.status = exited(),
            1 => container.status = Status::Created,
            2 => container.spec.image_id = digest(9),
            _ => {}
        }
    }
    if !world.containers.is_empty() && random.is(2) {
        let lost = random.below(world.containers.len());
        world.containers.remove(lost);
    }
}

fn options(random: &mut Random) -> UpOptions {
    let policy = |drawn| match drawn {
        0 => Recreate::Always,
        _ => Recreate::Changed,
    };
    UpOptions {
        recreate: policy(random.below(6)),
        recreate_volumes: random.is(2),
        renew_volumes: random.is(6),
        remove_orphans: random.is(2),
        ..UpOptions::default()
    }
}

/// A world that some other project left behind.
fn world(random: &mut Random) -> Observed {
    let mut world = Observed::default();
    if random.is(5) {
        return world;
    }
    perform(&plan_up(&project(random), &world, &UpOptions::default()), &mut world);
    disturb(random, &mut world);
    world
}

/// What brings a world into line with the file and nothing else.
fn settled() -> UpOptions {
    UpOptions { recreate_volumes: true, remove_orphans: true, ..UpOptions::default() }
}

#[test]
fn a_plan_carried_out_leaves_nothing_to_plan() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let mut world = world(&mut random);
        let text = project(&mut random);
        let options = options(&mut random);
        perform(&plan_up(&text, &world, &options), &mut world);
        perform(&plan_up(&text, &world, &settled()), &mut world);
        let rest = plan_up(&text, &world, &settled());
        assert!(rest.is_empty(), "seed {seed}\n{rest}\n{text}");
    }
}

#[test]
fn one_run_is_enough_without_options_that_ask_for_more() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let mut world = world(&mut random);
        let text = project(&mut random);
        perform(&plan_up(&text, &world, &settled()), &mut world);
        let rest = plan_up(&text, &world, &settled());
        assert!(rest.is_empty(), "seed {seed}\n{rest}\n{text}");
    }
}

#[test]
fn wherever_a_plan_is_cut_short_the_next_one_comes_to_the_same_end() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let mut world = world(&mut random);
        let text = project(&mut random);
        let plan = plan_up(&text, &world, &options(&mut random));
        let count = random.below(plan.nodes.len() + 1);
        println!("seed {seed}, {count} steps of\n{plan}");
        perform_until(&plan, &mut world, count, &mut |end| random.below(end));
        let next = plan_up(&text, &world, &settled());
        println!("then\n{next}");
        perform(&next, &mut world);
        let rest = plan_up(&text, &world, &settled());
        assert!(rest.is_empty(), "seed {seed}\n{rest}\n{text}\n{count} steps of\n{plan}");
    }
}

#[test]
fn a_killed_command_leaves_what_the_next_one_puts_right() {
    for seed in 0..ROUNDS {
        let mut random = Random::new(seed);
        let mut world = world(&mut random);
        let text = project(&mut random);
        let mut plan = plan_up(&text, &world, &options(&mut random));
        let count = random.below(plan.nodes.len() + 1);
        // Who is killed takes nothing back.
        plan.nodes.iter_mut().for_each(|node| node.undo = None);
        println!("seed {seed}, {count} steps of\n{plan}");
        perform_until(&plan, &mut world, count, &mut |end| random.below(end));
        let next = plan_up(&text, &world, &settled());
        println!("then\n{next}");
        perform(&next, &mut world);
        let rest = plan_up(&text, &world, &settled());
        assert!(rest.is_empty(), "seed {seed}\n{rest}\n{text}\n{count} steps of\n{plan}");
    }
}
