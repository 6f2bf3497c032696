// Command generate writes the stubs of the synthserve protos into synthserve/v1.
//
// It needs only the Go toolchain: this command compiles the protos, and go.mod pins the plugins.
//
//	go run ./internal/generate [-protos FOLDER] [-check]
//
// With -check it writes nothing, and fails if the existing stubs differ from those that it would write.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/linker"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	folder = "synthserve/v1"
	module = "synthserve.dev/go"
)

func main() {
	protos := flag.String("protos", "../../proto", "the folder that the protos' imports start from")
	check := flag.Bool("check", false, "compare with the stubs that are there, and write nothing")
	flag.Parse()
	if err := run(*protos, *check); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(protos string, check bool) error {
	request, err := compile(protos)
	if err != nil {
		return err
	}
	stubs := map[string]string{}
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		files, err := generate(plugin, request)
		if err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
		for _, file := range files {
			stubs[filepath.FromSlash(file.GetName())] = file.GetContent()
		}
	}
	if check {
		return compare(stubs)
	}
	return write(stubs)
}

// compile reads the protos and builds the request that protoc would send to a plugin.
func compile(protos string) (*pluginpb.CodeGeneratorRequest, error) {
	paths, err := fs.Glob(os.DirFS(protos), folder+"/*.proto")
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no %s/*.proto", protos, folder)
	}
	compiler := protocompile.Compiler{
		Resolver:       protocompile.WithStandardImports(&protocompile.SourceResolver{ImportPaths: []string{protos}}),
		SourceInfoMode: protocompile.SourceInfoStandard, // the comments
	}
	files, err := compiler.Compile(context.Background(), paths...)
	if err != nil {
		return nil, err
	}
	return &pluginpb.CodeGeneratorRequest{
		FileToGenerate: paths,
		Parameter:      proto.String("module=" + module),
		ProtoFile:      withImports(files),
	}, nil
}

// withImports lists the files and all their imports, each file after its own imports.
func withImports(files linker.Files) []*descriptorpb.FileDescriptorProto {
	var ordered []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var visit func(protoreflect.FileDescriptor)
	visit = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		imports := file.Imports()
		for i := range imports.Len() {
			visit(imports.Get(i).FileDescriptor)
		}
		ordered = append(ordered, protoutil.ProtoFromFileDescriptor(file))
	}
	for _, file := range files {
		visit(file)
	}
	return ordered
}

func generate(plugin string, request *pluginpb.CodeGeneratorRequest) ([]*pluginpb.CodeGeneratorResponse_File, error) {
	input, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	command := exec.Command("go", "tool", plugin)
	command.Stdin = bytes.NewReader(input)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(output, &response); err != nil {
		return nil, err
	}
	if response.Error != nil {
		return nil, errors.New(response.GetError())
	}
	return response.GetFile(), nil
}

func write(stubs map[string]string) error {
	// Remove the stubs of deleted protos.
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for path, content := range stubs {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare(stubs map[string]string) error {
	present, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return err
	}
	var stale []string
	for _, path := range present {
		if _, wanted := stubs[path]; !wanted {
			stale = append(stale, path)
		}
	}
	for path, content := range stubs {
		if found, err := os.ReadFile(path); err != nil || string(found) != content {
			stale = append(stale, path)
		}
	}
	if len(stale) > 0 {
		slices.Sort(stale)
		return fmt.Errorf("not what the protos give: %s; run `go generate`", strings.Join(stale, ", "))
	}
	return nil
}
