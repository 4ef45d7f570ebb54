// One request to a server: the only place that knows the callbacks of CTransfers.
//
// SPDX-License-Identifier: MIT

internal import CTransfers
import Foundation

/// Who is told what arrives; on the thread that the transfer was started on.
protocol TransferReceiver: AnyObject {
    /// Whether the transfer is to end now.
    var isStopped: Bool { get }

    /// The answer's body begins, or it has none and its end is near.
    ///
    /// - Returns: Whether the body is wanted.
    func begins(_ response: TransferResponse) -> Bool

    /// Bytes of the body.
    ///
    /// - Returns: Whether more are wanted.
    func receives(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// A GET of one address.
struct Transfer {
    /// How it ended, but for what the receiver decided.
    enum End {
        /// The answer has arrived to its end, or the receiver wanted no more of it.
        case finished
        /// The server was not reached.
        case unreachable(String)
        /// The connection broke off or fell silent.
        case broken(String)
        /// The address leads in a circle or to what is not HTTP.
        case misdirected(String)
        /// The server's certificate cannot be trusted.
        case untrusted(String)
        /// Anything else that trying again does not mend.
        case failed(String)
    }

    var address: String
    var proxy: String?
    /// Asks for the bytes from here on, if above 0.
    var firstByte: Int64 = 0
    /// With `firstByte`: another file than the one that is known by this is sent whole.
    var validator: String?
    var connectSeconds: Double
    var stallSeconds: Int

    /// What the program calls itself to servers.
    private static let agent = "reident"

    /// Carries it out on this thread.
    func perform(_ receiver: any TransferReceiver) -> End {
        let session = Session(receiver)
        var message = [CChar](repeating: 0, count: Int(TRANSFER_MESSAGE_CAPACITY))
        let end = withRequest { request in
            withUnsafePointer(to: request) { request in
                var callbacks = transfer_receiver()
                callbacks.context = Unmanaged.passUnretained(session).toOpaque()
                callbacks.header = { Session.of($0).header($1, count: $2) }
                callbacks.body = { Session.of($0).body($1, count: $2) }
                callbacks.is_stopped = { Session.of($0).isStopped }
                return withExtendedLifetime(session) {
                    transfer_perform(request, &callbacks, &message)
                }
            }
        }
        let bytes = message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let reason = String(decoding: bytes, as: UTF8.self)
        switch end {
        case TRANSFER_DONE:
            session.beginIfNeeded()
            return .finished
        case TRANSFER_STOPPED: return .finished
        case TRANSFER_NO_HOST, TRANSFER_NO_CONNECTION: return .unreachable(reason)
        case TRANSFER_STALLED where session.response.status == 0: return .unreachable(reason)
        case TRANSFER_STALLED, TRANSFER_BROKEN: return .broken(reason)
        case TRANSFER_CIRCLE, TRANSFER_ADDRESS: return .misdirected(reason)
        case TRANSFER_CERTIFICATE: return .untrusted(reason)
        default: return .failed(reason)
        }
    }

    private func withRequest<Result>(_ body: (transfer_request) -> Result) -> Result {
        address.withCString { address in
            Self.agent.withCString { agent in
                Self.withCString(of: proxy) { proxy in
                    Self.withCString(of: validator) { validator in
                        var request = transfer_request()
                        request.address = address
                        request.agent = agent
                        request.proxy = proxy
                        request.validator = validator
                        request.first_byte = firstByte
                        request.connect_milliseconds = Int(max(1, connectSeconds * 1000))
                        request.stall_seconds = max(1, stallSeconds)
                        return body(request)
                    }
                }
            }
        }
    }

    private static func withCString<Result>(
        of text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        if let text { text.withCString { body($0) } } else { body(nil) }
    }
}

/// What the callbacks share.
private final class Session {
    private let receiver: any TransferReceiver
    private(set) var response = TransferResponse()
    private var hasBegun = false

    init(_ receiver: any TransferReceiver) { self.receiver = receiver }

    static func of(_ context: UnsafeMutableRawPointer?) -> Session {
        guard let context else { preconditionFailure("the callbacks of a transfer have a context") }
        return Unmanaged<Session>.fromOpaque(context).takeUnretainedValue()
    }

    var isStopped: Int32 { receiver.isStopped ? 1 : 0 }

    func header(_ line: UnsafePointer<CChar>?, count: Int) -> Int32 {
        let bytes = UnsafeRawBufferPointer(start: line, count: count)
        response.add(line: String(decoding: bytes, as: UTF8.self))
        return 0
    }

    func body(_ bytes: UnsafePointer<UInt8>?, count: Int) -> Int32 {
        guard beginIfNeeded() else { return 1 }
        return receiver.receives(UnsafeRawBufferPointer(start: bytes, count: count)) ? 0 : 1
    }

    /// Tells the receiver of the answer, once.
    @discardableResult
    func beginIfNeeded() -> Bool {
        if hasBegun { return true }
        hasBegun = true
        return receiver.begins(response)
    }
}
