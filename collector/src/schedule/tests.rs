use chrono::{Datelike as _, Timelike as _};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use super::*;

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// 2026-11-20 is a Friday.
const NOW: &str = "2026-11-20T08:15:30.500Z";

#[track_caller]
fn check(expression: &str, expected: &[&str]) {
    let schedule = Schedule::parse(expression).unwrap();
    let mut now = time(NOW);
    for expected in expected {
        now = schedule.next_run(time(NOW), now).unwrap();
        assert_eq!(now, time(expected), "{expression}: {now}");
    }
}

#[track_caller]
fn check_refused(expression: &str, expected: &str) {
    let error = Schedule::parse(expression).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn five_fields_start_at_second_zero() {
    check("*/5 * * * *", &["2026-11-20T08:20:00Z", "2026-11-20T08:25:00Z"]);
    check("0 3 * * *", &["2026-11-21T03:00:00Z", "2026-11-22T03:00:00Z"]);
}

#[test]
fn six_fields_begin_with_seconds_as_spring_writes_them() {
    check("0 0/5 * * * ?", &["2026-11-20T08:20:00Z", "2026-11-20T08:25:00Z"]);
    check("*/10 * * * * *", &["2026-11-20T08:15:40Z", "2026-11-20T08:15:50Z"]);
    check("31 * * * * *", &["2026-11-20T08:15:31Z", "2026-11-20T08:16:31Z"]);
}

#[test]
fn weekdays_count_as_in_unix() {
    let sunday = ["2026-11-22T00:00:00Z", "2026-11-29T00:00:00Z"];
    let monday = ["2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"];
    let saturday = ["2026-11-21T00:00:00Z"];
    check("0 0 * * 0", &sunday);
    check("0 0 * * 7", &sunday);
    check("0 0 * * SUN", &sunday);
    check("0 0 0 * * 1", &monday);
    check("0 0 0 * * mon", &monday);
    check("0 0 * * 6", &saturday);
}

#[test]
fn weekday_ranges_may_end_on_sunday() {
    let weekend = ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", "2026-11-27T00:00:00Z"];
    check("0 0 * * 5-7", &weekend);
    check("0 0 * * FRI-SUN", &weekend);
    check("0 0 * * 0,5,6", &weekend);
    check("0 0 * * 1-5/2", &["2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z"]);
    check("0 0 * * sun-tue", &["2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"]);
}

#[test]
fn a_restricted_day_and_weekday_need_not_both_match() {
    // Fridays, and the 13th, which is a Sunday in December 2026.
    check(
        "0 0 13 * 5",
        &[
            "2026-11-27T00:00:00Z",
            "2026-12-04T00:00:00Z",
            "2026-12-11T00:00:00Z",
            "2026-12-13T00:00:00Z",
            "2026-12-18T00:00:00Z",
        ],
    );
    check("0 0 13 * ?", &["2026-12-13T00:00:00Z", "2027-01-13T00:00:00Z"]);
    check("0 0 ? * 5", &["2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z"]);
}

#[test]
fn months_have_names_and_leap_days_come() {
    check("0 0 1 FEB,jan *", &["2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z"]);
    check("0 0 29 2 *", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]);
    check("30 23 31 * *", &["2026-12-31T23:30:00Z", "2027-01-31T23:30:00Z", "2027-03-31T23:30:00Z"]);
}

#[test]
fn an_expression_that_never_fires_is_refused() {
    let never = "never fires; allowed: an expression that matches some date";
    check_refused("0 0 30 2 *", &format!("`0 0 30 2 *` {never}"));
    check_refused("0 0 31 4,6 ?", &format!("`0 0 31 4,6 ?` {never}"));
    // Fridays of February match.
    check("0 0 30 2 5", &["2027-02-05T00:00:00Z"]);
}

#[test]
fn a_refusal_names_expression_field_and_what_is_allowed() {
    check_refused(
        "* * * *",
        "`* * * *` has 4 fields; allowed: 5 (minute hour day-of-month month weekday) or 6 (with seconds first)",
    );
    check_refused(
        "61 * * * *",
        "`61 * * * *`: minute `61`: 61 is out of range; allowed: 0-59, * and lists, ranges and steps of them",
    );
    check_refused(
        "0 0 * * 8",
        "`0 0 * * 8`: weekday `8`: 8 is out of range; allowed: 0-7 (0 and 7 are Sunday), SUN-SAT, *, ? and lists, ranges and steps of them",
    );
    check_refused(
        "0 0 * * 6-2",
        "`0 0 * * 6-2`: weekday `6-2`: the range 6-2 runs backwards; allowed: 0-7 (0 and 7 are Sunday), SUN-SAT, *, ? and lists, ranges and steps of them",
    );
}

#[test]
fn nothing_else_is_an_expression() {
    for bad in [
        "",
        "@daily",
        "0 0 L * *",
        "0 0 * * 5#2",
        "0 0 15W * *",
        "*/0 * * * *",
        "1-2-3 * * * *",
        ", * * * *",
        "1, * * * *",
        "+1 * * * *",
        "? * * * *",
        "0 0 0 * *",
        "* * * * * * *",
        "0 24 * * *",
        "0 0 * 13 *",
        "-1 * * * *",
        "4294967296 * * * *",
        "*/4294967296 * * * *",
        "0 0 0 1 1 * 2030",
        "** * * * *",
        "*-5 * * * *",
        "1//2 * * * *",
        "é * * * *",
    ] {
        assert!(Schedule::parse(bad).is_err(), "{bad}");
    }
}

/// Numbers of a field as `a,b,c`, or `*` where there are none.
fn list(numbers: &[u32]) -> String {
    if numbers.is_empty() {
        return "*".to_owned();
    }
    let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
    numbers.join(",")
}

/// The next match by a plain walk over the minutes.
fn walk(now: i64, [minutes, hours, days, months, weekdays]: [&[u32]; 5]) -> Option<i64> {
    const MINUTE: i64 = 60_000;
    let fits = |numbers: &[u32], number| numbers.is_empty() || numbers.contains(&number);
    let start = (now.div_euclid(MINUTE) + 1) * MINUTE;
    // 500 days hold every date but a leap day's.
    (0..500 * 24 * 60).map(|minute| start + minute * MINUTE).find(|millis| {
        let at = DateTime::<Utc>::from_timestamp_millis(*millis).unwrap();
        let day = fits(days, at.day());
        let weekday = fits(weekdays, at.weekday().num_days_from_sunday());
        let either = !days.is_empty() && !weekdays.is_empty();
        fits(minutes, at.minute())
            && fits(hours, at.hour())
            && fits(months, at.month())
            && if either { day || weekday } else { day && weekday }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_calendar_agrees_with_a_walk_over_the_minutes(
        now in 1_700_000_000_000_i64..1_900_000_000_000,
        minutes in vec(0_u32..60, 0..3),
        hours in vec(0_u32..24, 0..3),
        days in vec(1_u32..32, 0..3),
        months in vec(1_u32..13, 0..3),
        weekdays in vec(0_u32..7, 0..3),
    ) {
        let fields: [&[u32]; 5] = [&minutes, &hours, &days, &months, &weekdays];
        let expression = fields.map(list).join(" ");
        if let Some(expected) = walk(now, fields) {
            let schedule = Schedule::parse(&expression).unwrap();
            let now = Time::from_millis(now);
            let next = schedule.next_run(now, now).map(Time::millis);
            prop_assert_eq!(next, Some(expected), "{}", expression);
        }
    }
}

#[test]
fn a_fixed_rate_keeps_its_rhythm_and_skips_what_it_missed() {
    let every = Schedule::Every(Duration::from_secs(1));
    let at = Time::from_millis;
    assert_eq!(every.first_run(at(500)), Some(at(500)));
    assert_eq!(every.next_run(at(500), at(500)), Some(at(1500)));
    assert_eq!(every.next_run(at(500), at(1499)), Some(at(1500)));
    assert_eq!(every.next_run(at(500), at(1500)), Some(at(2500)));
    assert_eq!(every.next_run(at(500), at(7600)), Some(at(8500)));
    assert_eq!(every.next_run(at(500), at(0)), Some(at(500)));
}

#[test]
fn schedules_print_for_people() {
    let every = Schedule::Every(Duration::from_mins(1));
    assert_eq!(every.to_string(), "every 60000 ms");
    let cron = Schedule::parse(" 0  3 * * 0 ").unwrap();
    assert_eq!(cron.to_string(), "at 0 3 * * 0 (UTC)");
}
