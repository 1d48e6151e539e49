internal import Hummingbird
internal import ServiceLifecycle
internal import Crypto
