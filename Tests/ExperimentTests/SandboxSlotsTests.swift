import Testing

@testable import KeystoneExperiment

@Suite(.timeLimit(.minutes(1)))
struct SandboxSlotsTests {
  @Test func anOwnerWhoseShareIsUsedUpLetsOthersPass() async throws {
    let slots = SandboxSlots(total: 3, perOwner: 2)
    #expect(slots.takeIfFree("a") && slots.takeIfFree("a"))
    #expect(!slots.takeIfFree("a"))
    #expect(slots.takeIfFree("b"))
    #expect(!slots.takeIfFree("c"))
    slots.give("a")
    #expect(slots.takeIfFree("c"))
    #expect(slots.taken == 3)
  }

  @Test func whoeverWaitsIsLetInAndACancelledOneIsNot() async throws {
    let slots = SandboxSlots(total: 1, perOwner: 1)
    try await slots.take("a")
    let cancelled = Task { try await slots.take("b") }
    let patient = Task { try await slots.take("c") }
    while slots.waiting < 2 { try await Task.sleep(for: .milliseconds(1)) }
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    slots.give("a")
    try await patient.value
    #expect(slots.taken == 1 && slots.waiting == 0)
  }
}
