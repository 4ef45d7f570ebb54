// The optimiser's step and what is done to all gradients at once.
//
// SPDX-License-Identifier: MIT

#include <cmath>
#include <vector>

#include "boundary.hpp"

namespace reident {
namespace {

/// The gradients of those parameters that have one.
std::vector<at::Tensor> gradients_of(re_tensor *const *parameters, int32_t count) {
    std::vector<at::Tensor> gradients;
    for (int32_t index = 0; index < count; ++index) {
        const auto &gradient = parameters[index]->value.grad();
        if (gradient.defined()) gradients.push_back(gradient);
    }
    return gradients;
}

re_status adamw_step(re_tensor *const *parameters, re_tensor *const *first_moments,
                     re_tensor *const *second_moments, re_tensor *const *step_counts,
                     int32_t count, double learning_rate, double beta1, double beta2,
                     double epsilon, double weight_decay) {
    return guarded([&] {
        at::NoGradGuard no_gradients;
        std::vector<at::Tensor> values, gradients, first, second, steps;
        for (int32_t index = 0; index < count; ++index) {
            const auto &gradient = parameters[index]->value.grad();
            if (!gradient.defined()) continue;
            values.push_back(parameters[index]->value);
            gradients.push_back(gradient);
            first.push_back(first_moments[index]->value);
            second.push_back(second_moments[index]->value);
            steps.push_back(step_counts[index]->value.add_(1));
        }
        if (values.empty()) return;
        at::_fused_adamw_(values, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps,
                          learning_rate, beta1, beta2, weight_decay, epsilon, /*amsgrad=*/false,
                          /*maximize=*/false);
    });
}

re_status clip_gradients(re_tensor *const *parameters, int32_t count, double maximum_norm,
                         double *norm) {
    return guarded([&] {
        at::NoGradGuard no_gradients;
        auto gradients = gradients_of(parameters, count);
        double total = 0;
        if (!gradients.empty()) {
            std::vector<at::Tensor> norms;
            for (const auto &gradient : gradients) norms.push_back(gradient.norm().to(at::kCPU));
            total = at::stack(norms).norm().item<double>();
        }
        // As torch.nn.utils.clip_grad_norm_: the factor never exceeds 1.
        double factor = maximum_norm / (total + 1e-6);
        if (std::isfinite(maximum_norm) && factor < 1) {
            for (auto &gradient : gradients) gradient.mul_(factor);
        }
        *norm = total;
    });
}

re_status unscale_gradients(re_tensor *const *parameters, int32_t count, double factor,
                            int32_t *found) {
    return guarded([&] {
        at::NoGradGuard no_gradients;
        auto gradients = gradients_of(parameters, count);
        if (gradients.empty()) {
            *found = 0;
            return;
        }
        auto options = gradients.front().options().dtype(at::kFloat);
        auto infinite = at::zeros({1}, options);
        at::_amp_foreach_non_finite_check_and_unscale_(gradients, infinite,
                                                       at::full({1}, factor, options));
        *found = infinite.item<float>() != 0 ? 1 : 0;
    });
}

}  // namespace

void add_optimizer_functions(re_functions &table) {
    table.adamw_step = adamw_step;
    table.clip_gradients = clip_gradients;
    table.unscale_gradients = unscale_gradients;
}

}  // namespace reident
