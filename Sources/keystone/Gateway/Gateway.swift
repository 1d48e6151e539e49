internal import Crypto
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import X509
