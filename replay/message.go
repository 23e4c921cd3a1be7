package replay

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/fusiond/fusiond/sensors"
)

// Message is one recorded message.
type Message struct {
	// Topic is the subject it was published on.
	Topic string
	// Schema is the full name of its type, for example "fusion.v1.CameraFrame".
	Schema string
	// Stamp is the time of validity (MCAP's publish time); Received is the arrival (MCAP's log time).
	Stamp, Received sensors.StampNs
	// Seq numbers the topic's messages as the publisher did, normally from 1.
	Seq uint32
	// Data is the payload as published. Who owns it is said where a Message is handed over.
	Data []byte
}

// Schema describes the payloads of a topic.
type Schema struct {
	// Name is the full name of the message type.
	Name string
	// Encoding of Data, "protobuf" for everything that fusiond writes.
	Encoding string
	// MessageEncoding of the payloads; empty = the same as Encoding.
	MessageEncoding string
	// Data is a serialised google.protobuf.FileDescriptorSet when Encoding is "protobuf".
	Data []byte
}

// protobufEncoding is MCAP's well-known name, both for schemas and for messages.
const protobufEncoding = "protobuf"

// SchemaOf returns the schema of a message type with all the files it needs, dependencies first. Its bytes depend only on
// the type.
func SchemaOf(d protoreflect.MessageDescriptor) (Schema, error) {
	set := &descriptorpb.FileDescriptorSet{}
	appendFile(set, d.ParentFile(), map[string]bool{})
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(set)
	if err != nil {
		return Schema{}, fmt.Errorf("describe message %s: %w", d.FullName(), err)
	}
	return Schema{Name: string(d.FullName()), Encoding: protobufEncoding, Data: data}, nil
}

func appendFile(set *descriptorpb.FileDescriptorSet, f protoreflect.FileDescriptor, seen map[string]bool) {
	if seen[f.Path()] {
		return
	}
	seen[f.Path()] = true
	imports := f.Imports()
	for i := range imports.Len() {
		appendFile(set, imports.Get(i).FileDescriptor, seen)
	}
	set.File = append(set.File, protodesc.ToFileDescriptorProto(f))
}

// schemaByName finds a schema among the message types linked into the program.
func schemaByName(name string) (Schema, error) {
	t, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name))
	if err != nil {
		return Schema{}, fmt.Errorf("find schema %q: %w: declare the stream with its schema first", name, err)
	}
	return SchemaOf(t.Descriptor())
}
