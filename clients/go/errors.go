package synthserve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// The values of [Error.Reason] that a server sends.
const (
	ReasonModelNotFound        = "MODEL_NOT_FOUND"
	ReasonInvalidRequest       = "INVALID_REQUEST"
	ReasonUnauthenticated      = "UNAUTHENTICATED"
	ReasonTokenExpired         = "TOKEN_EXPIRED"
	ReasonKeysUnavailable      = "KEYS_UNAVAILABLE"
	ReasonModelFailed          = "MODEL_FAILED"
	ReasonModelUnloading       = "MODEL_UNLOADING"
	ReasonModelControl         = "MODEL_CONTROL"
	ReasonRepositoryUnreadable = "REPOSITORY_UNREADABLE"
	ReasonModelLoading         = "MODEL_LOADING"
	ReasonPermissionDenied     = "PERMISSION_DENIED"
	ReasonIndicesExhausted     = "INDICES_EXHAUSTED"
	ReasonShuttingDown         = "SHUTTING_DOWN"
	ReasonLimitExceeded        = "LIMIT_EXCEEDED"
	ReasonCancelled            = "CANCELLED"
	ReasonInternal             = "INTERNAL"
)

// ErrProtocol matches, with errors.Is, the error of a call in which the server violated the contract, for example by
// rows out of order. The code is then codes.Internal.
var ErrProtocol = errors.New("the server broke the protocol")

// Error is the error type of this package: every call returns it.
type Error struct {
	// Code is the gRPC code.
	Code codes.Code
	// Message describes the error for people.
	Message string
	// Reason is the reason of google.rpc.ErrorInfo, one of the constants of this package. It is more specific than Code.
	// Empty if the server did not send it.
	Reason string
	// Metadata is the metadata of google.rpc.ErrorInfo.
	Metadata map[string]string
	// RequestID identifies the request in the server's log and traces. Empty if the server did not answer.
	RequestID string
	// FieldViolations lists the invalid fields of the request. Can be empty.
	FieldViolations []FieldViolation
	// ResourceName is the name of the model that was not found. Empty for other errors.
	ResourceName string
	// RetryDelay is the wait before the next attempt that the server asks for. Nil if the server did not send it.
	RetryDelay *time.Duration
	// QuotaViolations lists the limits that the request exceeded. Can be empty.
	QuotaViolations []Violation
	// PreconditionViolations lists the preconditions that do not hold. Can be empty.
	PreconditionViolations []Violation

	note   string
	cause  error
	status *status.Status
}

// FieldViolation is an invalid field of a request.
type FieldViolation struct {
	// Field is the field of the request, for example count.
	Field string
	// Description says why the value is invalid and which values are allowed.
	Description string
}

// Violation is a limit that a request exceeded, or a precondition that does not hold.
type Violation struct {
	// Type is the kind of the condition. Empty for limits.
	Type string
	// Subject is the owner of the limit (caller:NAME or server), or the subject of the precondition (a model version).
	Subject string
	// Description says what the limit allows, or why the precondition does not hold.
	Description string
}

// Error returns the message, the request ID, and notes about retries.
func (e *Error) Error() string {
	text := "synthserve: " + e.Message + e.note
	if e.Code == codes.Internal && e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// Unwrap returns the cause. For codes.DeadlineExceeded that is the error of the last attempt, if one failed.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the error of package context that corresponds to the code.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case codes.Canceled:
		return target == context.Canceled
	case codes.DeadlineExceeded:
		return target == context.DeadlineExceeded
	default:
		return false
	}
}

// GRPCStatus returns the gRPC status, for status.FromError and status.Code.
func (e *Error) GRPCStatus() *status.Status {
	if e.status != nil && e.status.Code() == e.Code {
		return e.status
	}
	return status.New(e.Code, e.Message)
}

// fromRPC converts the error and the trailing metadata that a stub returned. route is the route to the server.
func fromRPC(err error, trailer metadata.MD, route *route) *Error {
	state, _ := status.FromError(err)
	result := &Error{Code: state.Code(), Message: state.Message(), cause: err, status: state}
	if ids := trailer.Get("x-request-id"); len(ids) > 0 {
		result.RequestID = ids[0]
	}
	for _, detail := range state.Details() {
		result.add(detail)
	}
	if result.Reason == "" {
		switch result.Code {
		case codes.Unavailable:
			result.Message = route.explain(state.Message())
		case codes.DeadlineExceeded:
			if contained(state.Message())("waiting for connections", "latest balancer error") {
				result.Message = "not done by the deadline: " + route.explain(state.Message())
			}
		case codes.Unimplemented:
			result.Message = fmt.Sprintf("what answers at %s does not offer this API: %s", route.server(), state.Message())
		}
	}
	return result
}

func (e *Error) add(detail any) {
	switch detail := detail.(type) {
	case *errdetails.ErrorInfo:
		e.Reason, e.Metadata = detail.GetReason(), detail.GetMetadata()
	case *errdetails.BadRequest:
		for _, v := range detail.GetFieldViolations() {
			e.FieldViolations = append(e.FieldViolations, FieldViolation{v.GetField(), v.GetDescription()})
		}
	case *errdetails.ResourceInfo:
		e.ResourceName = detail.GetResourceName()
	case *errdetails.RetryInfo:
		e.RetryDelay = new(detail.GetRetryDelay().AsDuration())
	case *errdetails.QuotaFailure:
		for _, v := range detail.GetViolations() {
			e.QuotaViolations = append(e.QuotaViolations, Violation{Subject: v.GetSubject(), Description: v.GetDescription()})
		}
	case *errdetails.PreconditionFailure:
		for _, v := range detail.GetViolations() {
			violation := Violation{Type: v.GetType(), Subject: v.GetSubject(), Description: v.GetDescription()}
			e.PreconditionViolations = append(e.PreconditionViolations, violation)
		}
	}
}

// invalid returns the error for a value that cannot be used.
func invalid(field, format string, args ...any) *Error {
	description := fmt.Sprintf(format, args...)
	return &Error{
		Code:            codes.InvalidArgument,
		Message:         field + ": " + description,
		FieldViolations: []FieldViolation{{field, description}},
	}
}

func noContext() *Error {
	return invalid("ctx", "must not be nil; context.Background() has no deadline")
}

func protocolError(format string, args ...any) *Error {
	return &Error{Code: codes.Internal, Message: fmt.Sprintf(format, args...), cause: ErrProtocol}
}

// late returns the error for a deadline that passed, or would pass during a wait. cause is the last error.
func late(cause *Error) *Error {
	return &Error{
		Code:    codes.DeadlineExceeded,
		Message: "not done by the deadline; the last attempt failed: " + cause.Message,
		cause:   cause,
	}
}
