internal import NIOPosix
internal import NIOHTTP1
internal import NIOSSL
internal import X509
internal import Crypto
