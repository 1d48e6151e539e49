public import KeystoneKit

/// What the operator sets: where judges are, and which models the aliases of specs stand for.
private let settings = [
  Setting(
    name: "judge-url", type: .url,
    description: "Base URL of the judge's API; the provider's own when not set.",
    flag: "judge-url", environment: "KEYSTONE_JUDGE_URL"),
  Setting(
    name: "judge-provider", description: "`openai`, `anthropic`, or `auto` by URL and model.", default: "auto",
    flag: "judge-provider", environment: "KEYSTONE_JUDGE_PROVIDER"),
  Setting(
    name: "judge-api-key", description: "API key of the judge's provider.", flag: "judge-api-key",
    environment: "KEYSTONE_JUDGE_API_KEY", secret: true),
  Setting(
    name: "judge-model-fast", description: "Model that specs call `paragon-fast`.", flag: "judge-model-fast",
    environment: "KEYSTONE_JUDGE_MODEL_FAST"),
  Setting(
    name: "judge-model-max", description: "Model that specs call `paragon-max`.", flag: "judge-model-max",
    environment: "KEYSTONE_JUDGE_MODEL_MAX"),
]

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("llm_as_judge", version: "1.0.0", settings: settings, LLMAsJudge.self).export(to: host)
}
