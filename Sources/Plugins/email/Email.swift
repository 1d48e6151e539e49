public import KeystoneKit

/// Sends an alert as an e-mail over SMTP.
struct Email: Notifier {
  struct Parameters: ParameterSet {
    @Parameter("Addresses the alert is sent to.", examples: [["oncall@example.com"]]) var emailTo: [String]
    @Parameter("Subject; the rule's name when absent.") var emailSubject: String?

    enum CodingKeys: String, CodingKey {
      case emailTo = "email_to"
      case emailSubject = "email_subject"
    }
  }

  static let type = "email"
  static let summary = "Sends an alert as an e-mail over SMTP."

  func validate(_ parameters: Parameters) -> [PluginError.Diagnostic] {
    if parameters.emailTo.isEmpty { return [.init(path: "$.email_to", message: "at least one address is needed")] }
    return parameters.emailTo.enumerated().filter { !Message.isAddress($0.element) }.map {
      .init(path: "$.email_to[\($0.offset)]", message: "`\($0.element)` is no address such as oncall@example.com")
    }
  }

  func notify(_ alert: Alert, _ parameters: Parameters, in context: NotifierContext) async throws {
    func setting(_ name: String) -> String? {
      context.setting(name)?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
    guard let url = setting("smtp-url"), let sender = setting("email-from") else {
      throw PluginError(
        .unavailable,
        "there is no mail server; start Keystone with -smtp-url smtp://HOST:587 and -email-from ADDRESS")
    }
    let message = Message(alert, from: sender, to: parameters.emailTo, subject: parameters.emailSubject)
    try MailTransfer(
      url: url, user: setting("smtp-user"), password: setting("smtp-password"),
      needsTLS: setting("smtp-tls") ?? "auto", authorities: setting("smtp-ca-file")
    ).send(message)
  }
}

private let settings: [Setting] = [
  Setting(
    name: "smtp-url", description: "Mail server: smtp://HOST:PORT (STARTTLS when it offers it) or smtps://HOST:PORT.",
    flag: "smtp-url", environment: "SMTP_URL"),
  Setting(
    name: "smtp-user", description: "User at the mail server; none when not set.", flag: "smtp-user",
    environment: "SMTP_USER"),
  Setting(
    name: "smtp-password", description: "Password at the mail server.", flag: "smtp-password",
    environment: "SMTP_PASSWORD", secret: true),
  Setting(
    name: "smtp-tls", description: "`auto`, `required`, or `never`; a password is only sent over TLS unless `never`.",
    default: "auto", flag: "smtp-tls", environment: "SMTP_TLS"),
  Setting(
    name: "smtp-ca-file", description: "PEM file of certificate authorities to trust instead of the system's.",
    flag: "smtp-ca-file", environment: "SMTP_CA_FILE"),
  Setting(
    name: "email-from", description: "Address that e-mails come from.", flag: "email-from", environment: "EMAIL_FROM"),
]

/// The plugin's entry point.
@c(keystone_plugin_1) public func plugin(_ host: HostTable) -> PluginTable {
  Plugin("email", version: "1.0.0", permissions: PluginPermissions(network: true), settings: settings, Email.self)
    .export(to: host)
}
