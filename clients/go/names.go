package synthserve

import (
	"strconv"
	"strings"
)

// resourceName turns a model name (iris-vae, iris-vae@2, or a full resource name) into a resource name. The server
// checks whether the model exists.
func resourceName(name string) (string, error) {
	if strings.HasPrefix(name, "models/") {
		return name, nil
	}
	model, version, versioned := strings.Cut(name, "@")
	if model == "" || strings.Contains(name, "/") {
		return "", notAName(name)
	}
	if !versioned {
		return "models/" + model, nil
	}
	// Not ParseInt, which accepts a sign.
	number, err := strconv.ParseUint(version, 10, 63)
	if err != nil {
		return "", notAName(name)
	}
	return "models/" + model + "/versions/" + strconv.FormatUint(number, 10), nil
}

func notAName(name string) error {
	return invalid("model", "write NAME, NAME@VERSION or a full resource name (models/...), not %.80q", name)
}
