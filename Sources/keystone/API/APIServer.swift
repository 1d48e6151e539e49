internal import Crypto
internal import Hummingbird
internal import ServiceLifecycle
