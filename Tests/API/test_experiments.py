"""Experiments over plain HTTP: results as strict clients decode them, cancelling, running again, comparing."""

from daemon import DaemonCase, variant, wait_until

COUNTERS = ("passed", "failed", "flaky", "errors", "total_scenarios")
SLOW = ('"echo hello; echo done > out.txt"', '"sleep 30; echo done > out.txt"')
COIN = ('"echo hello; echo done > out.txt"', '"test $KEYSTONE_REPLICA = 0 || echo done > out.txt"')


class ExperimentTests(DaemonCase):
    def check_types(self, results):
        for name in COUNTERS:
            self.assertIs(type(results[name]), int, name)
        for name in ("mean_wall_ms", "p95_wall_ms", "mean_tokens", "side_effect_violations"):
            self.assertIs(type(results["metrics"][name]), int, name)
        self.assertIs(type(results["scenarios"]), list)

    def test_counters_are_there_from_the_beginning_and_add_up_at_the_end(self):
        self.daemon.upload(variant("matrix", more="parallelism:\n  replicas: 3\n  matrix: [{n: 1}, {n: 2}]\n"))
        experiment = self.daemon.experiment("matrix", run=False)
        before = self.daemon.request("GET", f"/v1/experiments/{experiment}").json
        self.check_types(before)
        self.assertEqual((before["total_scenarios"], before["status"]), (0, "created"))
        self.assertNotIn("ran_at", before)
        started = self.daemon.request("POST", f"/v1/experiments/{experiment}/run")
        self.assertEqual((started.status, started.json["total_scenarios"]), (202, 6))
        during = self.daemon.request("GET", f"/v1/experiments/{experiment}").json
        self.check_types(during)
        self.assertEqual(during["total_scenarios"], 6)
        results = self.daemon.results(experiment)
        self.check_types(results)
        self.assertEqual((results["passed"], len(results["scenarios"]), results["status"]), (6, 6, "completed"))
        self.assertEqual(len(results["groups"]), 2)
        scenario = results["scenarios"][0]
        self.assertEqual((scenario["agent_output"], scenario["exit_code"]), ("hello\n", 0))
        self.assertEqual((scenario["attempt"], scenario["parameters"]), (1, {"n": 1}))

    def test_a_run_that_fails_in_a_group_that_passes_is_flaky(self):
        strategy = "parallelism:\n  replicas: 3\nscoring:\n  replica_aggregation:\n    strategy: majority\n"
        self.daemon.upload(variant("coin", COIN, more=strategy))
        results = self.daemon.results(self.daemon.experiment("coin"))
        self.assertEqual([results[name] for name in COUNTERS], [2, 0, 1, 0, 3])
        self.assertEqual([item["status"] for item in results["scenarios"]], ["flaky", "pass", "pass"])

    def test_running_again_begins_anew_and_both_runs_are_in_the_trend(self):
        experiment = self.daemon.experiment("hello")
        self.daemon.results(experiment)
        again = self.daemon.request("POST", f"/v1/experiments/{experiment}/run")
        self.assertEqual(again.status, 202)
        self.daemon.results(experiment)
        metrics = self.daemon.request("GET", f"/v1/metrics/experiments/{experiment}").json
        runs = [point["run_id"] for point in metrics["pass_rate_trend"]]
        self.assertIn(experiment, runs)
        self.assertIn(experiment + "#2", runs)
        self.assertEqual(metrics["summary"]["total_runs"], 1)
        self.assertTrue(all(isinstance(value, (int, float)) for value in metrics["metrics"].values()))

    def test_cancelling_stops_at_once_and_lets_waiting_clients_go(self):
        self.daemon.upload(variant("slow", SLOW, more="parallelism:\n  replicas: 6\n"))
        experiment = self.daemon.experiment("slow")
        busy = self.daemon.request("POST", f"/v1/experiments/{experiment}/run")
        self.assertEqual(busy.status, 409)
        wait_until(lambda: self.daemon.request("GET", "/v1/sandboxes").json, "a scenario runs")
        own = self.daemon.request("GET", "/v1/sandboxes").json[0]
        self.assertEqual(own["experiment_id"], experiment)
        self.assertEqual(self.daemon.request("DELETE", f"/v1/sandboxes/{own['id']}").status, 409)
        cancelled = self.daemon.request("POST", f"/v1/experiments/{experiment}/cancel")
        self.assertEqual((cancelled.status, cancelled.json["status"]), (200, "cancelled"))
        results = self.daemon.results(experiment, limit=5)
        self.assertEqual((results["errors"], results["cancelled"]), (6, 6))
        self.assertEqual(self.daemon.request("GET", "/v1/sandboxes").json, [])
        self.assertEqual(self.daemon.request("POST", f"/v1/experiments/{experiment}/cancel").status, 409)

    def test_what_cannot_start_is_an_error_with_its_reason(self):
        self.daemon.upload(variant("unset", more="secrets:\n  - name: MISSING\n    source: env\n"))
        results = self.daemon.results(self.daemon.experiment("unset"))
        self.assertEqual(results["errors"], 1)
        self.assertIn("resolving secrets: MISSING not set", results["scenarios"][0]["error"])

    def test_a_comparison_says_what_is_worse_and_whether_it_may_be_chance(self):
        replicas = "parallelism:\n  replicas: 8\n"
        self.daemon.upload(variant("good", more=replicas))
        self.daemon.upload(variant("bad", ("echo done > out.txt", "true"), more=replicas))
        good, bad = self.daemon.experiment("good"), self.daemon.experiment("bad")
        self.daemon.results(good), self.daemon.results(bad)
        reply = self.daemon.request("POST", "/v1/experiments/compare", {"baseline_id": good, "candidate_id": bad})
        self.assertEqual(reply.status, 200)
        rate = next(metric for metric in reply.json["metrics"] if metric["name"] == "pass_rate")
        self.assertEqual((rate["baseline"], rate["candidate"], rate["delta"]), (1.0, 0.0, -1.0))
        self.assertEqual((rate["direction"], rate["significant"]), ("worse", True))
        self.assertTrue(reply.json["regressed"])
        self.assertIn("pass_rate", reply.json["regressions"])
        same = self.daemon.request("POST", "/v1/experiments/compare", {"baseline_id": good, "candidate_id": good})
        self.assertFalse(same.json["regressed"])
        missing = self.daemon.request("POST", "/v1/experiments/compare", {"baseline_id": good, "candidate_id": "exp-0"})
        self.assertEqual(missing.status, 404)
