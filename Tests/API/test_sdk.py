"""The published Python client, unmodified, against a daemon."""

import os

from daemon import HELLO, KEY, DaemonCase, variant

for name in [name for name in os.environ if name.startswith("POLARITY_")]:
    del os.environ[name]

from polarity_keystone import Keystone, KeystoneError  # noqa: E402
from polarity_keystone.scorers import Contains, Scorer  # noqa: E402


class ClientTests(DaemonCase):
    def setUp(self):
        self.client = Keystone(api_key=KEY, base_url=self.daemon.url)

    def test_specs(self):
        spec = self.client.specs.create(variant("sdk-spec"))
        self.assertEqual((spec.id, spec.version), ("sdk-spec", 1))
        self.assertEqual(self.client.specs.get("sdk-spec").description, "writes a file")
        self.assertIn("sdk-spec", [item.id for item in self.client.specs.list()])
        self.client.specs.delete("sdk-spec")
        with self.assertRaises(KeystoneError) as raised:
            self.client.specs.get("sdk-spec")
        self.assertEqual(raised.exception.status_code, 404)
        self.assertIn("sdk-spec", raised.exception.message)

    def test_sandboxes_files_and_commands(self):
        sandbox = self.client.sandboxes.create("hello", timeout="5m", metadata={"run": "1"})
        try:
            self.assertEqual((sandbox.state, sandbox.metadata), ("ready", {"run": "1"}))
            self.assertEqual(sandbox.exec("cat seed.txt").stdout, "seed")
            self.assertEqual(sandbox.exec("exit 4", timeout="10s").exit_code, 4)
            sandbox.write("deep/er/file.txt", "content")
            self.assertEqual(sandbox.read("deep/er/file.txt"), b"content")
            self.assertEqual(sandbox.read("/workspace/deep/er/file.txt"), b"content")
            self.assertIn("deep/er/file.txt", sandbox.get_state().files)
            self.assertEqual(sandbox.diff().added, ["deep/er/file.txt"])
            sandbox.delete("deep/er/file.txt")
            self.assertEqual(sandbox.diff().added, [])
            self.assertIn(sandbox.id, [item.id for item in self.client.sandboxes.list()])
            with self.assertRaises(KeystoneError) as raised:
                sandbox.read("../outside")
            self.assertEqual(raised.exception.status_code, 400)
        finally:
            sandbox.destroy()
        self.assertEqual(sandbox.refresh().state, "stopped")

    def test_experiments_with_scorers_of_the_client(self):
        @Scorer
        def short(scenario):
            return len(scenario.agent_output) < 100

        self.client.specs.create(variant("sdk-run", more="parallelism:\n  replicas: 2\n"))
        experiment = self.client.experiments.create("sdk", "sdk-run")
        self.assertEqual(experiment.status, "created")
        results = experiment.run_and_wait(poll_interval=0.1, timeout=120, scores=[short, Contains(text="hello")])
        self.assertEqual((results.total_scenarios, results.passed), (2, 2))
        self.assertEqual(results.metrics.pass_rate, 1.0)
        names = {invariant.name: invariant.passed for invariant in results.scenarios[0].invariants}
        self.assertTrue(names["written"] and names["short"], names)
        self.assertEqual(len(names), 3)
        metrics = experiment.metrics()
        self.assertEqual(metrics.summary.total_runs, 2)
        comparison = experiment.compare(experiment)
        self.assertFalse(comparison.regressed)
        self.assertIn(experiment.id, [item.id for item in self.client.experiments.list()])

    def test_a_wrong_key_is_401(self):
        with self.assertRaises(KeystoneError) as raised:
            Keystone(api_key="ks_live_wrong", base_url=self.daemon.url).specs.list()
        self.assertEqual(raised.exception.status_code, 401)
