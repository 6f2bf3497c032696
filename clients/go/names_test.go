package synthserve

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
)

func TestResourceName(t *testing.T) {
	for name, want := range map[string]string{
		"iris-vae":                     "models/iris-vae",
		"iris-vae@2":                   "models/iris-vae/versions/2",
		"iris-vae@002":                 "models/iris-vae/versions/2",
		"iris-vae@9223372036854775807": "models/iris-vae/versions/9223372036854775807",
		"models/iris-vae":              "models/iris-vae",
		"models/iris-vae/versions/2":   "models/iris-vae/versions/2",
		"models/whatever@7":            "models/whatever@7", // for the server to judge
		"":                             "",
		"@":                            "",
		"@2":                           "",
		"iris-vae@":                    "",
		"iris-vae@x":                   "",
		"iris-vae@-1":                  "",
		"iris-vae@+1":                  "",
		"iris-vae@1_0":                 "",
		"iris-vae@0x1":                 "",
		"iris-vae@1@2":                 "",
		"iris-vae@9223372036854775808": "",
		"iris/vae":                     "",
		"iris-vae/versions/2":          "",
	} {
		got, err := resourceName(name)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v; want %q", name, got, err, want)
		}
	}
}

func FuzzResourceName(f *testing.F) {
	for _, name := range []string{"iris-vae", "iris-vae@2", "models/iris-vae/versions/2", "a/b", "@", "\xff@\xff", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		resource, err := resourceName(name)
		if err != nil {
			failure, ok := errors.AsType[*Error](err)
			if !ok || failure.Code != codes.InvalidArgument || failure.FieldViolations[0].Field != "model" {
				t.Errorf("got %#v", err)
			}
			if utf8.RuneCountInString(failure.Message) > 1000 {
				t.Errorf("the message has %d characters", utf8.RuneCountInString(failure.Message))
			}
			return
		}
		if again, err := resourceName(resource); again != resource || err != nil || !strings.HasPrefix(resource, "models/") {
			t.Errorf("%q became %q, and that %q, %v", name, resource, again, err)
		}
	})
}
