// Gradients: scopes, the backward pass, and checkpointing, which trades memory for a second
// forward pass (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016).
//
// SPDX-License-Identifier: MIT

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>

#include "boundary.hpp"

namespace reident {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

/// The caller's body with its context, which is given back when the graph is done with it.
struct Body : torch::CustomClassHolder {
    re_checkpoint_body run;
    re_checkpoint_release release_context;
    void *context;

    Body(re_checkpoint_body run, re_checkpoint_release release_context, void *context)
        : run(run), release_context(release_context), context(context) {}
    ~Body() override { release_context(context); }

    at::Tensor operator()(const at::Tensor &input) const {
        re_tensor *output = nullptr;
        int32_t status = run(context, hand_out(input), &output);
        TORCH_CHECK(status == 0 && output != nullptr, "checkpointed body: ", last_failure());
        at::Tensor value = output->value;
        release(output);
        return value;
    }
};

/// Runs the body without recording; the backward pass runs it again, recording.
struct Checkpoint : torch::autograd::Function<Checkpoint> {
    static Variable forward(AutogradContext *context, const Variable &input,
                            const c10::intrusive_ptr<Body> &body) {
        context->save_for_backward({input});
        context->saved_data["body"] = c10::IValue::make_capsule(body);
        at::NoGradGuard no_gradients;
        return (*body)(input);
    }

    static variable_list backward(AutogradContext *context, variable_list gradients) {
        auto capsule = context->saved_data["body"].toCapsule();
        auto body = c10::static_intrusive_pointer_cast<Body>(capsule);
        auto input = context->get_saved_variables()[0].detach();
        input.set_requires_grad(true);
        at::AutoGradMode recording(true);
        torch::autograd::backward({(*body)(input)}, {gradients[0]});
        return {input.grad(), Variable()};
    }
};

re_status checkpoint(re_checkpoint_body run, re_checkpoint_release release, void *context,
                     const re_tensor *input, re_tensor **result) {
    c10::intrusive_ptr<Body> body;
    auto made = guarded([&] { body = c10::make_intrusive<Body>(run, release, context); });
    if (made != RE_OK) {  // the body did not take the context, so it is given back here
        release(context);
        return made;
    }
    return returning(result, [&] { return Checkpoint::apply(input->value, body); });
}

}  // namespace

void add_gradient_functions(re_functions &table) {
    table.set_gradients_enabled = [](int32_t enabled) { at::GradMode::set_enabled(enabled != 0); };
    table.gradients_enabled = [] { return at::GradMode::is_enabled() ? 1 : 0; };
    table.set_requires_gradient = [](re_tensor *tensor, int32_t required) {
        return guarded([&] { tensor->value.set_requires_grad(required != 0); });
    };
    table.backward = [](const re_tensor *scalar) {
        return guarded([&] { torch::autograd::backward({scalar->value}, {}); });
    };
    table.gradient = [](const re_tensor *tensor, re_tensor **result) {
        return guarded([&] {
            const auto &gradient = tensor->value.grad();
            *result = gradient.defined() ? hand_out(gradient) : nullptr;
        });
    };
    table.clear_gradient = [](re_tensor *tensor) {
        return guarded([&] { tensor->value.mutable_grad() = at::Tensor(); });
    };
    table.checkpoint = checkpoint;
}

}  // namespace reident
