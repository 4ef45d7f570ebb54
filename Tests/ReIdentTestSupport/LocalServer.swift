// A server on this machine for tests of downloads: HTTP/1.1 over plain sockets, one answer a
// connection, which can break off, fall silent or say nonsense.
//
// SPDX-License-Identifier: MIT

import Foundation
import Synchronization

/// A small web server that answers as a test says.
public final class LocalServer: Sendable {
    /// What a client asked for.
    public struct Request: Sendable {
        /// The path with its query.
        public let path: String
        /// Header fields by lower-case name.
        public let fields: [String: String]

        /// The first byte of `Range: bytes=N-`; nil without.
        public var firstByte: Int? {
            fields["range"].flatMap { value in
                value.hasPrefix("bytes=") && value.hasSuffix("-")
                    ? Int(value.dropFirst(6).dropLast()) : nil
            }
        }
    }

    /// An answer and how it is sent.
    public struct Answer: Sendable {
        /// The status code.
        public var status: Int
        /// Header fields; `Content-Length` is added unless it is among them or hidden.
        public var fields: [String: String]
        /// The body.
        public var body: [UInt8]
        /// Sends so many bytes of the body only, then closes the connection.
        public var breaksAfter: Int?
        /// Sends so many bytes of the body only, then nothing until the client goes away.
        public var fallsSilentAfter: Int?
        /// Leaves `Content-Length` out: the body ends where the connection does.
        public var hidesLength = false
        /// Sends nothing at all, not even a header, until the client goes away.
        public var isSilent = false

        /// A whole answer.
        public init(_ status: Int, fields: [String: String] = [:], body: [UInt8] = []) {
            self.status = status
            self.fields = fields
            self.body = body
        }
    }

    /// The address without a slash at its end: `http://127.0.0.1:PORT`.
    public let address: String

    private let descriptor: Int32
    private let log: Log

    /// What arrived, shared with the serving threads.
    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// Starts a server that answers every request by a closure.
    ///
    /// - Throws: `POSIXError` if the system gives no port.
    public init(_ answer: @escaping @Sendable (Request) -> Answer) throws {
        #if canImport(Glibc)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard listener >= 0, isOpen else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        descriptor = listener
        self.address = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        let log = Log()
        self.log = log
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                Thread.detachNewThread {
                    defer { close(connection) }
                    guard let request = Self.request(from: connection) else { return }
                    log.requests.withLock { $0.append(request) }
                    Self.send(answer(request), to: connection)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    /// A server of one file that knows ranges and marks its version by an entity tag.
    ///
    /// - Parameters:
    ///   - body: The file.
    ///   - changing: Alters an answer; is given its number, counted from 1.
    /// - Returns: The server.
    /// - Throws: As `init`.
    public static func file(
        _ body: [UInt8],
        changing: @escaping @Sendable (Int, Request, inout Answer) -> Void = { _, _, _ in }
    ) throws -> LocalServer {
        let count = Counter()
        return try LocalServer { request in
            var answer = part(of: body, for: request)
            changing(count.next(), request, &answer)
            return answer
        }
    }

    /// All requests so far.
    public var requests: [Request] { log.requests.withLock { $0 } }

    /// The whole file, or the rest that was asked for.
    public static func part(of body: [UInt8], for request: Request) -> Answer {
        let fields = ["ETag": "\"version-1\""]
        guard let first = request.firstByte else { return Answer(200, fields: fields, body: body) }
        guard first < body.count else { return Answer(416) }
        let range = "bytes \(first)-\(body.count - 1)/\(body.count)"
        return Answer(
            206, fields: fields.merging(["Content-Range": range]) { $1 },
            body: Array(body[first...]))
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func next() -> Int {
            count.withLock { count in
                count += 1
                return count
            }
        }
    }

    // MARK: Connections

    private static func request(from connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let end = Array("\r\n\r\n".utf8)
        while !bytes.suffix(4).elementsEqual(end) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, bytes.count < 1 << 16 else { return nil }
            bytes += buffer[..<count]
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        guard let first = lines.first?.split(separator: " "), first.count == 3 else { return nil }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon].lowercased()] =
                line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return Request(path: String(first[1]), fields: fields)
    }

    private static func send(_ answer: Answer, to connection: Int32) {
        if answer.isSilent { return waitForEnd(of: connection) }
        var fields = answer.fields
        if !fields.keys.contains("Content-Length"), !answer.hidesLength {
            fields["Content-Length"] = "\(answer.body.count)"
        }
        fields["Connection"] = "close"
        let head = fields.sorted { $0.key < $1.key }.map { "\($0): \($1)\r\n" }.joined()
        guard write("HTTP/1.1 \(answer.status) Test\r\n\(head)\r\n".utf8, to: connection) else {
            return
        }
        let limit = answer.breaksAfter ?? answer.fallsSilentAfter ?? answer.body.count
        guard write(answer.body.prefix(limit), to: connection) else { return }
        if answer.fallsSilentAfter != nil { waitForEnd(of: connection) }
    }

    private static func write(_ bytes: some Sequence<UInt8>, to connection: Int32) -> Bool {
        var rest = Array(bytes)[...]
        #if canImport(Glibc)
            let flags = Int32(MSG_NOSIGNAL)
        #else
            let flags: Int32 = 0
        #endif
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, flags)
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Waits until the client closes the connection.
    private static func waitForEnd(of connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }
}
