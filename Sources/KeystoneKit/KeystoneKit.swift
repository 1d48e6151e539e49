/// The version of KeystoneKit a plugin was built with, reported in its descriptor.
public let keystoneKitVersion = "1.0.0"
