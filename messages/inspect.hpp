// SPDX-License-Identifier: MIT
#pragma once

#include <boost/describe.hpp>
#include <boost/mp11.hpp>

/// One declaration of a struct's members (BOOST_DESCRIBE_STRUCT) serves CAF's
/// serialization here, and JSON wherever <boost/json.hpp> is included.
namespace edgeless {

template <class Inspector, class T>
requires boost::describe::has_describe_members<T>::value auto
inspect(Inspector& f, T& x) {
  using members
    = boost::describe::describe_members<T, boost::describe::mod_public>;
  return [&]<class... D>(boost::mp11::mp_list<D...>) {
    return f(x.*D::pointer...);
  }(boost::mp11::mp_rename<members, boost::mp11::mp_list>{});
}

} // namespace edgeless
